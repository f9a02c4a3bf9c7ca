// Theory: sliders of the quantization model, and what follows from them, live.

import { get, newest } from "../api.js";
import { announce } from "../announce.js";
import { chart } from "../chart.js";
import { field, h, replace, select, slider } from "../elements.js";
import { number, size } from "../numbers.js";
import { failed } from "../progress.js";

const SHOWS = [["above", "above its floor"], ["whole", "whole"]];
const EXPONENTS = [["params", "N"], ["samples", "D"], ["steps", "S"], ["compute", "C"]];
const LATER = 200;

function render(root, first, setState) {
  const stop = new AbortController();
  const place = h("div", {});
  root.append(
    h("h1", {}, "The quantization model"),
    h("p", { class: "lead" }, "Skills come in quanta, used with falling frequency and learned in that order. Move a slider and see the scaling laws that follow."),
    place,
  );
  let inner = null;
  let state = first;
  get("/api/theory/controls", { signal: stop.signal }).then(
    (described) => {
      inner = explorer(place, described, state, setState);
    },
    (error) => failed(place, error),
  );
  return {
    update(next) {
      state = next;
      inner?.update(next);
    },
    close() {
      stop.abort();
      inner?.close();
    },
  };
}

function explorer(root, described, first, setState) {
  const { controls, laws, rules, losses } = described;
  const names = ["frequencies", "rule", "show", ...Object.keys(controls)];
  const facts = h("dl", { class: "facts" });
  const notes = h("ul", { class: "conditions" });
  const trouble = h("div", {});
  const losses3 = h("div", { class: "trio" });
  const pair = h("div", { class: "duo" });
  const drawings = h("div", { class: "drawings" }, h("h2", {}, "The loss"), losses3, h("h2", {}, "Quanta"), pair);
  const panel = h("form", { class: "controls theory", "aria-label": "Model", onsubmit: (event) => event.preventDefault() });
  replace(root, h("div", { class: "sides" }, panel, h("div", {}, facts, notes, trouble, drawings)));

  let values = read(first);
  let charts = null;
  let drawn = [];
  let timer = 0;
  let open = true;

  const law = () => values.frequencies ?? "zipf";
  const rule = () => values.rule ?? "poisson";
  const taken = () => [...laws[law()].controls, ...losses, ...rules[rule()].controls];
  const used = () => ["frequencies", "rule", "show", ...taken()];
  const start = (name) => described.starts[law()]?.[name] ?? controls[name].start;
  const value = (name) => Number(values[name] === undefined ? start(name).toString().replace("inf", "Infinity") : values[name].replace("inf", "Infinity"));

  function read(state) {
    return Object.fromEntries(names.filter((name) => state[name] !== undefined).map((name) => [name, state[name]]));
  }

  function query() {
    const kept = used().filter((name) => values[name] !== undefined);
    return new URLSearchParams(kept.map((name) => [name, values[name]])).toString();
  }

  const ask = newest(async () => {
    const asked = query();
    try {
      const answer = await get(`/api/theory/charts?${asked}`);
      if (!open) return;
      replace(trouble);
      drawings.classList.remove("stale");
      tell(answer);
      await draw(answer.charts);
      root.dataset.answered = asked;
    } catch (error) {
      if (!open) return;
      drawings.classList.add("stale");
      failed(trouble, error);
      root.dataset.answered = asked;
    }
  });

  async function draw(specs) {
    const texts = specs.map((one) => JSON.stringify(one));
    if (charts) await Promise.all(charts.map((one, i) => texts[i] !== drawn[i] && one.update(specs[i])));
    else {
      charts = specs.map((spec, i) => chart(i < 3 ? losses3 : pair, spec));
      await Promise.all(charts.map((one) => one.ready));
    }
    drawn = texts;
  }

  function tell({ exponents, floor, ceiling }) {
    const fact = (name, text, unit = "") => h("div", {}, h("dt", {}, name), h("dd", {}, text, unit && h("small", {}, unit)));
    replace(
      facts,
      EXPONENTS.map(([key, symbol]) => fact(h("span", {}, "exponent ", h("i", {}, symbol)), exponents[key] === null ? "none" : number(exponents[key], 3))),
      fact("first loss", number(ceiling, 3), " nats"),
      fact("last loss", number(floor, 3), " nats"),
    );
    replace(notes, exponents.conditions.map((one) => h("li", {}, one)));
  }

  function changed(name, text) {
    values[name] = text;
    ask();
    clearTimeout(timer);
    timer = setTimeout(write, LATER);
  }

  function write() {
    clearTimeout(timer);
    setState(Object.fromEntries(names.map((name) => [name, used().includes(name) ? values[name] ?? null : null])));
  }

  function build() {
    const sliders = taken().map(made);
    replace(
      panel,
      h(
        "div",
        { class: "choices" },
        field("Frequencies", select(options(laws), law(), (key) => switched("frequencies", key))),
        field("Learning rule", select(options(rules), rule(), (key) => switched("rule", key))),
      ),
      sliders.map((one) => one.element),
      field("Loss shown", select(SHOWS, values.show ?? "above", (key) => {
        changed("show", key);
        write();
      })),
      h("button", { type: "button", onclick: reset }, "Back to the start"),
    );
  }

  function made(name) {
    const one = controls[name];
    const top = one.endless ? one.most * 10 : one.most;
    const log = one.scale === "log";
    const exact = (x) => {
      if (one.endless && x > one.most) return Infinity;
      return one.whole ? Math.round(Number(x.toPrecision(3))) : Number(x.toPrecision(3));
    };
    const set = (x) => changed(name, exact(x) === Infinity ? "inf" : String(exact(x)));
    const write_ = (x) => {
      const shown = exact(x);
      return shown === Infinity ? "∞" : one.whole || shown >= 1e4 ? size(shown) : number(shown, 3);
    };
    const from = value(name);
    return slider(`${one.symbol} · ${one.label}`, {
      low: one.least, high: finite(name) ? one.most : top, value: from === Infinity ? top : from, log, write: write_,
      oninput: set,
      onchange: () => {
        write();
        announce("the charts follow");
      },
    });
  }

  const finite = (name) => described.starts[law()]?.[name] !== undefined;
  const options = (known) => Object.entries(known).map(([key, one]) => [key, one.label]);

  function switched(name, key) {
    if (name === "frequencies") delete values.count;
    changed(name, key);
    write();
    build();
    panel.querySelectorAll("select")[name === "frequencies" ? 0 : 1].focus();
  }

  function reset() {
    values = {};
    build();
    ask();
    write();
    panel.querySelector("select").focus();
  }

  build();
  ask();
  return {
    update(state) {
      const next = read(state);
      if (names.every((name) => next[name] === values[name] || !used().includes(name))) return;
      values = next;
      build();
      ask();
    },
    close() {
      open = false;
      clearTimeout(timer);
      charts?.forEach((one) => one.close());
    },
  };
}

export default { id: "theory", title: "Theory", render };
