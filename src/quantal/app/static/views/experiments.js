// Experiments: the sweeps of a store as they run, the curves of their runs, and emergence by subtask.

import { get } from "../api.js";
import { announce } from "../announce.js";
import { chart } from "../chart.js";
import { field, h, replace, select } from "../elements.js";
import { number, percent } from "../numbers.js";
import { failed } from "../progress.js";

const SOON = 1500;
const LATE = 8000;
const AGAIN = 10_000;

function render(root, first, setState) {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  let state = first;
  let timer = 0;
  let drawn = null;

  const list = h("div", {});
  const place = h("div", {});
  root.append(
    h("h1", {}, "Experiments"),
    h("p", { class: "lead" }, "The sweeps of a store: how far they are, what each run measured, and when each skill appears."),
    list,
    place,
  );

  async function look() {
    clearTimeout(timer);
    let wait = LATE;
    try {
      const found = await get("/api/experiments", options);
      if (!found.watched) return replace(list, unwatched());
      if (!found.sweeps.length) {
        replace(list, nothing(found));
        replace(place);
        drawn = null;
      } else {
        const name = chosen(found.sweeps);
        replace(list, sweeps(found, name));
        if (drawn?.name !== name) {
          drawn?.close();
          drawn = sweep(place, name, () => state, setState, options);
        }
        await drawn.refresh();
      }
      if (found.problem || found.sweeps.some((one) => one.active)) wait = SOON;
    } catch (error) {
      if (stop.signal.aborted) return;
      failed(list, error);
    }
    timer = setTimeout(look, wait);
  }

  const chosen = (all) => (all.some((one) => one.name === state.sweep) ? state.sweep : all[0].name);

  function sweeps(found, name) {
    const rows = found.sweeps.map((one) =>
      h(
        "button",
        {
          type: "button",
          class: "sweep",
          "aria-pressed": String(one.name === name),
          onclick: () => setState({ view: "experiments", sweep: one.name, run: null, net: null }, { push: true }),
        },
        h("strong", {}, one.name),
        h("progress", { max: 1, value: one.share, "aria-label": `${one.name}: share done` }),
        h("span", {}, told(one)),
      ),
    );
    const idle = found.sweeps.find((one) => one.name === name && !one.active && one.counts.waiting + one.counts.silent);
    return [
      h("p", { class: "quiet" }, `${count(found.sweeps.length, "sweep")} in ${found.place}`),
      h("div", { class: "sweeps" }, rows),
      idle && h("p", { class: "quiet" }, "Nobody works on it; go on with ", h("code", {}, `quantal sweep FILE --store ${found.place} --resume`)),
    ];
  }

  look();
  return {
    update(next) {
      const other = next.sweep !== state.sweep;
      state = next;
      if (other) look();
      else drawn?.update();
    },
    close() {
      stop.abort();
      clearTimeout(timer);
      drawn?.close();
    },
  };
}

function unwatched() {
  return h(
    "div",
    { class: "empty" },
    h("p", {}, "No store is watched. Run a sweep, and start the page on its store:"),
    h("pre", {}, "quantal sweep widths.toml --store runs.sqlite\nquantal app --store runs.sqlite"),
    h("p", {}, "Both may run at once: the page follows."),
  );
}

function nothing(found) {
  const why = found.problem ?? `${found.place} holds no sweep yet; fill it with: quantal sweep FILE --store ${found.place}`;
  return h("div", { class: "empty" }, h("p", { role: "status" }, why), h("p", {}, "This page looks again every few seconds."));
}

function told({ total, counts, left, active }) {
  const parts = [`${counts.done} of ${total} done`];
  for (const name of ["running", "failed", "silent"]) if (counts[name]) parts.push(`${counts[name]} ${name}`);
  if (active && left !== null) parts.push(`about ${lasting(left)} left`);
  return parts.join(", ");
}

function lasting(seconds) {
  if (seconds < 90) return `${number(seconds, seconds < 10 ? 1 : 2)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${number(seconds / 3600, 2)} h`;
}

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

// One sweep: charts of its finished runs, a row for each run, and the run that is chosen.
function sweep(root, name, state, setState, options) {
  const trouble = h("div", {});
  const drawings = h("div", { class: "duo" });
  const runs = h("div", {});
  const one = h("div", { class: "one" });
  replace(root, h("h2", {}, name), trouble, drawings, runs, one);
  const charts = new Map();
  const own = new Map();
  let done = -1;
  let looked = 0;
  let rows = [];
  let shown = null;

  const where = (path, more = {}) => `/api/experiments/${path}?${new URLSearchParams({ name, ...more })}`;
  const picked = () => rows.find((row) => state().run && row.key.startsWith(state().run));

  async function refresh() {
    try {
      const found = await get(where("sweep"), options);
      rows = found.runs;
      list(found);
      const more = found.counts.done !== done;
      if (more || (found.active && Date.now() - looked > AGAIN)) {
        if (more && done >= 0) announce(told(found));
        const { charts: specs } = await get(where("curves"), options);
        draw(charts, drawings, specs);
        done = found.counts.done;
        looked = Date.now();
      }
      root.dataset.done = String(found.counts.done);
      await update();
      replace(trouble);
    } catch (error) {
      failed(trouble, error);
    }
  }

  function draw(known, into, specs) {
    for (const spec of specs) {
      if (known.has(spec.name)) known.get(spec.name).update(spec);
      else known.set(spec.name, chart(into, spec));
    }
    for (const [key, made] of known) {
      if (specs.some((spec) => spec.name === key)) continue;
      made.close();
      made.element.remove();
      known.delete(key);
    }
  }

  function list(found) {
    const focused = runs.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const learned = rows.some((row) => row.learned_tasks);
    const head = ["run", "state", "loss, nats", learned && "tasks learned", "CPU time"].filter(Boolean);
    const cells = (row) => [
      h("th", { scope: "row" }, runButton(row)),
      h("td", {}, stateOf(row)),
      h("td", { class: "num" }, range(row.loss, (x) => number(x, 3))),
      learned && h("td", { class: "num" }, range(row.learned_tasks, String)),
      h("td", { class: "num" }, row.seconds === null ? "" : lasting(row.seconds)),
    ];
    const caption = `Runs of ${name}`;
    const note = rows.length < found.total ? `The first ${found.most} of ${found.total}.` : "Choose a run to see its settings and its subtasks.";
    const scroll = runs.querySelector(".scroll")?.scrollTop ?? 0;
    replace(
      runs,
      h(
        "div",
        { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
        h(
          "table",
          { class: "runs" },
          h("caption", {}, caption, h("span", {}, note)),
          h("thead", {}, h("tr", {}, head.map((text, i) => h("th", { scope: "col", class: i > 1 ? "num" : null }, text)))),
          h("tbody", {}, rows.map((row) => h("tr", { class: row.state }, cells(row)))),
        ),
      ),
    );
    runs.firstElementChild.scrollTop = scroll;
    if (focused) [...runs.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus({ preventScroll: true });
  }

  function runButton(row) {
    const on = picked() === row;
    const choose = () => setState({ run: on ? null : row.key.slice(0, 8), net: null });
    return h("button", { type: "button", class: "plain", "data-key": row.key, "aria-pressed": String(on), onclick: choose }, row.label);
  }

  function stateOf(row) {
    if (row.state === "running") return [h("progress", { max: 1, value: row.share ?? 0, "aria-label": `${row.label}: share done` }), " ", percent(row.share ?? 0, 1)];
    return [h("span", { class: `act ${row.state}` }, row.state), row.error && h("small", { class: "why" }, row.error)];
  }

  function range(values, write) {
    if (!values) return "";
    return values[0] === values[1] ? write(values[0]) : `${write(values[0])} – ${write(values[1])}`;
  }

  async function update() {
    const row = picked();
    const turn = row?.state === "running" ? Math.floor(Date.now() / AGAIN) : 0;
    const asked = row ? `${row.key} ${row.state} ${state().net ?? 0} ${turn}` : "";
    for (const button of runs.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.key === row?.key));
    if (asked === shown) return;
    shown = asked;
    if (!row) {
      draw(own, one, []);
      replace(one);
      delete one.dataset.shown;
      return;
    }
    try {
      const found = await get(where("run", { key: row.key, net: state().net ?? 0 }), options);
      if (shown === asked) show(found);
    } catch (error) {
      delete one.dataset.shown;
      failed(one, error);
    }
  }

  function show(found) {
    const what = `${found.key} ${found.state} ${found.net} ${found.charts.length}`;
    if (what === one.dataset.shown) {
      draw(own, one.querySelector(".duo"), found.charts);
      return;
    }
    draw(own, one, []);
    const pair = h("div", { class: "duo" });
    const facts = [found.seconds !== null && `${lasting(found.seconds)} of CPU time`, found.state].filter(Boolean).join(", ");
    replace(
      one,
      h("h2", {}, `Run: ${found.label}`),
      h("p", { class: "quiet" }, facts),
      found.error && h("p", { class: "failed" }, found.error),
      found.state === "running" &&
        h("p", { class: "quiet" }, found.charts.length ? "Up to its last checkpoint; one is written every minute." : "What it measured shows from its first checkpoint on, a minute after it began."),
      found.nets.length > 1 &&
        field("Network", select(found.nets.map((text, i) => [String(i), text]), String(found.net), (key) => setState({ net: key === "0" ? null : key }))),
      pair,
      h(
        "details",
        {},
        h("summary", {}, "Settings and versions"),
        h("dl", { class: "settings" }, found.config.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value)))),
      ),
    );
    draw(own, pair, found.charts);
    one.dataset.shown = what;
  }

  return {
    name,
    refresh,
    update,
    close() {
      for (const made of [...charts.values(), ...own.values()]) made.close();
      replace(root);
    },
  };
}

export default { id: "experiments", title: "Experiments", render };
