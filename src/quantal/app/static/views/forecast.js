// Forecast and plan: drag a budget, see how to split it, what it reaches and costs, what another size would waste.

import { get, newest, post } from "../api.js";
import { chart } from "../chart.js";
import { chosen, described, same } from "../choice.js";
import { field, h, replace, select, slider, table } from "../elements.js";
import { duration, number, parsed, percent, power, size, sized } from "../numbers.js";
import { failed, work } from "../progress.js";

const BEYOND = 1e4;
const AVERAGED_AT_ONCE = 1000;
const LATER = 250;
const hardware = get("/api/hardware").catch(() => []);

function render(root, first, setState) {
  let state = first;
  let asked = null;
  let fit = null;
  let average = null;
  let stop = new AbortController();
  let values = {};
  let at = null;
  let answers = null;
  let timer = 0;
  const drawn = new Map();
  const lead = h("p", { class: "lead" });
  const controls = h("form", { class: "controls fixed", "aria-label": "Budget", onsubmit: (event) => event.preventDefault() });
  const names = ["trouble", "work", "answer", "told", "fan", "regret", "averaged", "next"];
  const parts = Object.fromEntries(names.map((name) => [name, h("div", {})]));
  root.append(h("h1", {}, "Forecast and plan"), lead, h("div", { class: "sides" }, controls, h("div", {}, Object.values(parts))));

  async function follow(next) {
    state = next;
    try {
      const now = await chosen(next);
      const about = await described(now);
      const laws = plannable(about);
      if (!laws.length) {
        replace(parts.trouble, h("p", { class: "quiet" }, "These runs carry no law to forecast by: say in the view Runs which columns hold size, data or compute, and which the loss."));
        return;
      }
      const law = laws.find((one) => one.law === next.law) ?? laws[0];
      const question = { ...now, laws: [law.law], target: next.target || about.target, bootstrap: 300 };
      if (same(asked, question)) {
        if (fit && !same(values, read(about, law))) await settle(about, law);
        return;
      }
      const other = !asked || !same([asked.table, asked.take, asked.where, asked.exclude, asked.target], [now.table, now.take, now.where, now.exclude, question.target]);
      asked = question;
      stop.abort();
      stop = new AbortController();
      const { signal } = stop;
      fit = null;
      replace(parts.trouble);
      lead.textContent = `${about.source}: ${(about.rows - now.exclude.length).toLocaleString("en-US")} runs`;
      const found = await work(parts.work, `Fitting ${law.title}`, "/api/fits", question, { signal });
      if (!found || signal.aborted) return;
      if (!found.fits.length) throw new Error(Object.values(found.refused)[0]);
      [fit] = found.fits;
      if (other) {
        average = null;
        drop("next");
      }
      await settle(about, law);
      if (other || average?.inputs.join() !== law.inputs.join()) offer(about, law);
    } catch (error) {
      if (!stop.signal.aborted) failed(parts.trouble, error);
    }
  }

  const joint = (law) => law.inputs.length === 2;
  const along = (law) => (joint(law) ? "compute" : law.inputs[0]);
  const span = (about, law) => {
    const [low, high] = about.ranges[joint(law) ? "compute_6nd" : law.inputs[0]];
    return [low, high, high * BEYOND];
  };

  function read(about, law) {
    const [low, high, most] = span(about, law);
    const budget = Number(state[along(law)]) || 10 * high;
    return {
      budget: Math.min(Math.max(budget, low), most * 1e6),
      off: joint(law) && state.size ? Number(state.size) : null,
      hardware: state.hardware || "a100",
      count: Number(state.count) || 8,
      utilisation: Number(state.utilisation) || 0.4,
      price: Number(state.price) || 0,
    };
  }

  async function settle(about, law) {
    values = read(about, law);
    const most = Math.max(span(about, law)[2], values.budget);
    await tell(about, law, most);
    const fan = await get(`/api/fits/${fit.id}/fan?most=${encodeURIComponent(most)}`, { signal: stop.signal });
    await put("fan", parts.fan, fan);
    await ask(law);
  }

  async function tell(about, law, most) {
    const role = along(law);
    const machines = await hardware;
    const laws = plannable(about);
    const write = (x) => sized(x, role);
    const exact = h("input", { type: "text", id: "budget-exact", value: short(values.budget), onchange: () => {
      const found = parsed(exact.value);
      if (!(found > 6)) {
        exact.setCustomValidity("a number such as 5.76e23 or 70B");
        exact.reportValidity();
        return;
      }
      exact.setCustomValidity("");
      setState({ [role]: short(found) });
    } });
    const drag = slider(joint(law) ? "Budget" : role, {
      id: "budget", low: span(about, law)[0], high: most, value: values.budget, log: true, steps: 600, write,
      oninput: (x) => {
        values.budget = x;
        exact.value = short(x);
        ask(law);
        later(law);
      },
      onchange: () => save(law),
    });
    const off = joint(law) && slider("A model of another size", {
      id: "size", low: 0.1, high: 10, value: values.off ?? 1, log: true, steps: 200, write: (x) => (x === 1 ? "the best" : `${number(x, 2)} × the best`),
      oninput: (x) => {
        values.off = Math.abs(Math.log(x)) < 0.02 ? null : x;
        ask(law);
        later(law);
      },
      onchange: () => save(law),
    });
    const choose = (name) => {
      const other = laws.find((one) => one.law === name);
      setState({ law: name, ...(along(other) === role ? {} : { [role]: null, size: null }) });
    };
    const changed = (name, number_) => (event) => setState({ [name]: number_ ? event.target.value : event });
    const small = (name, value, more = {}) => h("input", { type: "number", value, ...more, onchange: changed(name, true) });
    const focus = document.activeElement?.id;
    replace(
      controls,
      field("Law", select(laws.map((one) => [one.law, one.title]), law.law, choose)),
      drag.element,
      field(joint(law) ? "in FLOPs (6 N D)" : `exactly, ${role}`, exact),
      off && off.element,
      joint(law) && h("fieldset", {}, h("legend", {}, "What it costs"),
        field("Hardware", select(machines.map((one) => [one.name, `${one.name}, ${power(one.peak, 2)} FLOP/s`]), values.hardware, changed("hardware"))),
        h("div", { class: "row narrow" },
          field("How many", small("count", values.count, { min: 1, step: 1 })),
          field("Share of peak", small("utilisation", values.utilisation, { min: 0.01, max: 1, step: 0.01 })),
          field("Price an hour", small("price", values.price || "", { min: 0, step: 0.1 })),
        )),
    );
    if (focus) document.getElementById(focus)?.focus();
  }

  function later(law) {
    clearTimeout(timer);
    timer = setTimeout(() => save(law), LATER);
  }

  function save(law) {
    clearTimeout(timer);
    const [budget, off] = [short(values.budget), values.off && short(values.off)];
    values = { ...values, budget: Number(budget), off: values.off && Number(off) };
    setState({ [along(law)]: budget, size: off });
  }

  const ask = newest(async (law) => {
    const one = fit;
    if (!one) return;
    const { signal } = stop;
    try {
      if (joint(law)) await planned(one, signal);
      else await predicted(one, law, signal);
      replace(parts.trouble);
    } catch (error) {
      if (!signal.aborted) failed(parts.trouble, error);
    }
  });

  async function planned(one, signal) {
    const { budget, off, price, ...machine } = values;
    const body = { fit: one.id, compute: budget, price: price || null, ...machine };
    let plan = await post("/api/plans", { ...body, relative: off }, { signal });
    if (signal.aborted) return;
    const { numbers, cost, wasted } = plan;
    const fact = (name, { value, interval }, more = "") => h("div", {}, h("dt", {}, name), h("dd", { class: "value" }, value), h("dd", {}, interval, more));
    replace(
      parts.answer,
      h("dl", { class: "answer" },
        fact("Model size", numbers.params, " parameters"),
        fact("Data", numbers.tokens, " tokens"),
        fact("Loss", numbers.loss),
        fact("Tokens a parameter", numbers.tokens_per_param),
        h("div", {}, h("dt", {}, "Cost"), h("dd", { class: "value" }, duration(cost.hours)), h("dd", {}, `${cost.count} ${cost.hardware} at ${percent(cost.utilisation)} of peak`, cost.money !== null && `, ${size(cost.money)} in money`)),
        wasted && h("div", { class: "wasted" }, h("dt", {}, "Wasted by another size"), h("dd", { class: "value" }, wasted.value), h("dd", {}, `${wasted.interval}; ${wasted.params} parameters on ${wasted.tokens} tokens`)),
      ),
    );
    const { loss } = numbers;
    replace(parts.told, h("p", { class: "quiet" }, plan.decades_beyond < 0.05 ? "The budget lies inside the runs." : `The budget lies ${plan.decades_beyond.toFixed(1)} decades beyond the dearest run.`, " Intervals of 95 % hold the parameters' uncertainty."), plan.warnings.length > 0 && h("details", {}, h("summary", {}, `${plan.warnings.length} ${plan.warnings.length === 1 ? "warning" : "warnings"}`), h("ul", { class: "notes" }, plan.warnings.map((text) => h("li", {}, text)))));
    mark(budget, loss.estimate.value, [plan.compute_text, loss.value, loss.interval]);
    await put("regret", parts.regret, plan.regret);
    at = { params: numbers.params.estimate.value * (off ?? 1), tokens: numbers.tokens.estimate.value / (off ?? 1) };
    root.dataset.answered = String(budget);
    forecast();
  }

  async function predicted(one, law, signal) {
    const found = await post("/api/predictions", { fit: one.id, at: { [law.inputs[0]]: values.budget } }, { signal });
    if (signal.aborted) return;
    replace(
      parts.answer,
      h("dl", { class: "answer" },
        h("div", {}, h("dt", {}, one.target), h("dd", { class: "value" }, found.value), h("dd", {}, found.interval)),
        h("div", {}, h("dt", {}, "Reach"), h("dd", { class: "value" }, found.beyond), h("dd", {}, "of the largest run"))),
    );
    drop("regret");
    replace(parts.told);
    mark(values.budget, found.estimate.value, [sized(values.budget, law.inputs[0]), found.value, found.interval]);
    at = { [law.inputs[0]]: values.budget };
    root.dataset.answered = String(values.budget);
    forecast();
  }

  // The diamond of the forecast, moved along the fan.
  function mark(x, y, texts) {
    drawn.get("fan")?.move(x, y, texts);
  }

  function offer(about, law) {
    const working = h("div", {});
    const place = h("div", {});
    const question = { table: asked.table, take: asked.take, where: asked.where, exclude: asked.exclude, target: asked.target };
    const start = async () => {
      const found = await work(working, "Averaging every law that reads these columns", "/api/averages", { ...question, inputs: law.inputs }, { signal: stop.signal });
      if (!found) return;
      average = found;
      await forecast();
    };
    replace(parts.averaged, h("h2", {}, "The forecast, averaged over laws"), working, place);
    answers = place;
    if (about.rows <= AVERAGED_AT_ONCE) start();
    else replace(working, h("button", { type: "button", onclick: start }, "Average the laws"));
    if (joint(law)) next(question);
    else replace(parts.next);
  }

  const forecast = newest(async () => {
    if (!at || average?.inputs.join() !== Object.keys(at).join()) return;
    const { signal } = stop;
    try {
      const found = await post("/api/forecasts", { average: average.id, at: at }, { signal });
      if (signal.aborted) return;
      const levels = Object.entries(found.levels);
      const where = Object.entries(found.at).map(([name, x]) => `${sized(x, name)} ${name}`).join(" and ");
      replace(
        answers,
        h("dl", { class: "answer small" }, h("div", {}, h("dt", {}, `${found.target} at ${where}`), h("dd", { class: "value" }, levels[0][1].value), h("dd", {}, found.beyond === "inside the runs" ? found.beyond : `${found.beyond} the runs`)),
          levels.map(([level, one]) => h("div", {}, h("dt", {}, `${level} % interval`), h("dd", { class: "value" }, one.interval)))),
        weights(found.laws),
        found.record && h("p", { class: "quiet" }, `Record: ${number(found.record.decades, 2)} decades beyond the runs fitted, ${found.record.n_runs} runs of this table were missed by ${found.record.error} (root mean square).`),
      );
      root.dataset.forecast = JSON.stringify(found.at);
    } catch (error) {
      if (!signal.aborted) failed(answers, error);
    }
  });

  const weights = (laws) => {
    const alone = laws.some((one) => one.alone); // the laws of a curve come at several steepnesses, with no one value
    const meter = (one) => h("meter", { min: 0, max: 1, value: String(one.weight), "aria-label": `weight of ${one.title}` });
    const rows = laws.map((one) => [one.title, ...(alone ? [one.alone] : []), percent(one.weight), meter(one), one.heldout]);
    const heads = ["law", ...(alone ? ["alone"] : []), "weight", "", "error on runs held out"];
    return table("Weights of the laws", heads, rows, { numeric: alone ? [1, 2, 4] : [1, 3] });
  };

  function next(question) {
    const working = h("div", {});
    const place = h("div", {});
    const start = async () => {
      const found = await work(working, "Choosing runs", "/api/next-runs", { ...question, ...at, budget: Number(share.value) * values.budget }, { signal: stop.signal });
      if (!found) return;
      replace(
        place,
        h("p", {}, h("b", {}, found.stop ? "Stop: " : "Train next: "), found.reason),
        h("p", { class: "quiet" }, `The forecast's error is ${found.error_now} now, and ${found.error_after} after spending ${found.spent}${found.spent === "nothing" ? "" : " FLOPs"}.`),
        found.runs.length > 0 && table("Runs to train", ["parameters", "tokens", "FLOPs"], found.runs.map((one) => one.texts), { numeric: [1, 2] }),
      );
    };
    const share = select([["0.001", "a thousandth"], ["0.01", "a hundredth"], ["0.1", "a tenth"]], "0.01", () => {});
    replace(parts.next, h("h2", {}, "What to train next"), h("p", { class: "quiet" }, "The runs that shrink the error of this forecast most, for a share of its budget."), h("div", { class: "row" }, field("Share of the budget", share), h("button", { type: "button", onclick: start }, "Choose runs")), working, place);
  }

  async function put(name, place, spec) {
    const one = drawn.get(name);
    if (one && place.contains(one.element)) await one.update(spec);
    else {
      replace(place);
      drawn.set(name, chart(place, spec));
      await drawn.get(name).ready;
    }
  }

  function drop(name) {
    drawn.get(name)?.close();
    drawn.delete(name);
    replace(parts[name]);
  }

  follow(first);
  return {
    update: follow,
    close: () => {
      clearTimeout(timer);
      stop.abort();
      for (const one of drawn.values()) one.close();
    },
  };
}

// A number in four digits, as a URL keeps it: 5.76e23, 0.25.
function short(x) {
  const rounded = Number(x.toPrecision(4));
  return rounded >= 1e6 ? rounded.toExponential().replace("e+", "e") : String(rounded);
}

// Laws that split a budget, best known first; where there are none, laws of one size.
function plannable({ laws, ranges }) {
  const pairs = laws.filter((one) => one.inputs.join() === "params,tokens" && ranges.compute_6nd);
  return pairs.concat(laws.filter((one) => one.inputs.length === 1 && ranges[one.inputs[0]]));
}

export default { id: "forecast", title: "Forecast", render };
