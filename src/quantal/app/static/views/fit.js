// Fit: laws side by side, with intervals and verdicts; how they rank; how one of them lies against the runs.

import { get } from "../api.js";
import { chart } from "../chart.js";
import { chosen, described, same } from "../choice.js";
import { field, formula, h, replace, select, table } from "../elements.js";
import { failed, work } from "../progress.js";

const MARKS = { determined: "●", "weakly determined": "◐", "not determined": "○" };
const USUAL = ["chinchilla", "kappa", "quanta_kappa"];
const RANKED_AT_ONCE = 1000;
const MOST_LAWS = 6;

function render(root, first, setState) {
  let state = first;
  let asked = null;
  let fits = null;
  let ranking = null;
  let pair = null;
  let cloud = null;
  let stop = new AbortController();
  let ranks = new AbortController();
  const drawn = new Map();
  const heading = h("h1", {}, "Laws, fitted");
  const lead = h("p", { class: "lead" });
  const controls = h("div", { class: "controls" });
  const parts = Object.fromEntries(["trouble", "work", "laws", "intervals", "ranking", "look"].map((name) => [name, h("div", {})]));
  root.append(heading, lead, h("div", { class: "sides" }, controls, h("div", {}, Object.values(parts))));

  async function follow(next) {
    state = next;
    try {
      const now = await chosen(next);
      const about = await described(now);
      const laws = (next.laws ? next.laws.split(",") : usual(about)).filter((name) => about.laws.some((one) => one.law === name));
      const question = { ...now, laws, target: next.target || about.target, bootstrap: Number(next.bootstrap ?? 300) };
      const before = asked;
      asked = question;
      if (same(before, question)) return look();
      stop.abort();
      stop = new AbortController();
      tell(about, question);
      if (!laws.length) {
        replace(parts.laws, h("p", { class: "quiet" }, about.laws.length ? "Choose a law." : "No law reads these columns: say in the view Runs which column is which."));
        return undefined;
      }
      const kept = (one) => JSON.stringify({ ...one, laws: null, bootstrap: null });
      if (!before || kept(before) !== kept(question)) {
        ranking = null;
        rank(about, question);
      }
      await fit(question);
    } catch (error) {
      if (!stop.signal.aborted) failed(parts.trouble, error);
    }
    return undefined;
  }

  function tell(about, { laws, target, exclude }) {
    replace(parts.trouble);
    const out = exclude.length ? `, ${exclude.length} left out` : "";
    lead.textContent = `${about.source}: ${about.rows.toLocaleString("en-US")} runs${out}`;
    const boxes = about.laws.map((one) => {
      const box = h("input", {
        type: "checkbox",
        checked: laws.includes(one.law),
        disabled: !laws.includes(one.law) && laws.length >= MOST_LAWS,
        onchange: () => {
          const now = about.laws.map((law) => law.law).filter((law) => (law === one.law ? box.checked : laws.includes(law)));
          setState({ laws: now.join(",") || "none" });
        },
      });
      return h("label", { class: "check" }, box, h("span", {}, one.title, h("small", {}, one.inputs.join(", "))));
    });
    const targets = about.columns.filter((one) => ["loss", "accuracy", "value"].includes(one.role)).map((one) => [one.name, one.name]);
    const focused = document.activeElement?.closest?.("label.check")?.textContent;
    replace(
      controls,
      h("fieldset", {}, h("legend", {}, "Laws"), h("div", { class: "checks" }, boxes)),
      targets.length > 1 && field("To explain", select(targets, target, (name) => setState({ target: name }))),
      field(
        "Intervals",
        select([["0", "from the curvature, at once"], ["300", "300 resamples"], ["1000", "1,000 resamples"]], String(asked.bootstrap), (bootstrap) => setState({ bootstrap })),
        "Of 95 %, by refitting to resampled runs.",
      ),
    );
    for (const box of controls.querySelectorAll("label.check")) if (box.textContent === focused) box.querySelector("input").focus();
  }

  async function fit(question) {
    const { signal } = stop;
    const found = await work(parts.work, `Fitting ${question.laws.length === 1 ? "a law" : `${question.laws.length} laws`}`, "/api/fits", question, { signal });
    if (!found || signal.aborted) return;
    fits = found;
    sideBySide();
    if (found.chart) put("intervals", parts.intervals, found.chart);
    await look(true);
  }

  function sideBySide() {
    const names = [...new Set(fits.fits.flatMap((one) => one.parameters.map((p) => p.name)))];
    const heldout = (law) => ranking?.laws.find((one) => one.law === law)?.heldout ?? "";
    const cell = (one, name) => {
      const p = one.parameters.find((found) => found.name === name);
      if (!p) return "";
      const mark = h("span", { class: `verdict ${p.verdict.replaceAll(" ", "-")}`, title: `${p.verdict}: ${p.reason}` }, MARKS[p.verdict], h("span", { class: "unseen" }, p.verdict));
      return h("div", { class: "estimate" }, h("div", {}, mark, " ", p.value), h("small", {}, p.interval));
    };
    const symbol = (name) => fits.fits.flatMap((one) => one.parameters).find((p) => p.name === name);
    const rows = [
      ["formula", ...fits.fits.map((one) => formula(one.formula))],
      ...names.map((name) => [h("span", {}, h("i", {}, symbol(name).symbol), h("small", { class: "meaning" }, symbol(name).meaning)), ...fits.fits.map((one) => cell(one, name))]),
      ["objective", ...fits.fits.map((one) => one.objective.text)],
      ...(ranking ? [["held-out error", ...fits.fits.map((one) => heldout(one.law))]] : []),
      ["", ...fits.fits.map((one) => h("small", {}, one.status))],
    ];
    const loose = fits.fits.flatMap((one) => one.parameters.filter((p) => p.verdict !== "determined").map((p) => h("li", {}, `${one.title}, `, h("i", {}, p.symbol), `: ${p.verdict}. ${p.reason}`)));
    const warned = [...new Set(fits.fits.flatMap((one) => one.warnings))];
    const far = [...new Set(fits.fits.flatMap((one) => one.far))].filter((row) => !asked.exclude.includes(row));
    replace(
      parts.laws,
      table("Laws side by side", ["", ...fits.fits.map((one) => h("span", {}, one.title))], rows, {
        note: `● determined  ◐ weakly  ○ not determined by these runs. Objective: ${fits.fits[0]?.objective.what ?? ""}.`,
      }),
      Object.entries(fits.refused).map(([law, why]) => h("p", { class: "failed" }, h("b", {}, law), `: ${why}`)),
      far.length > 0 &&
        h("p", { class: "far" }, `${far.length} ${far.length === 1 ? "run lies" : "runs lie"} far off a law (row ${far.slice(0, 12).join(", ")}${far.length > 12 ? ", …" : ""}). `,
          h("button", { type: "button", class: "plain", onclick: () => setState({ exclude: [...asked.exclude, ...far].sort((a, b) => a - b).join(",") }, { push: true }) }, `Leave ${far.length === 1 ? "it" : "them"} out`)),
      loose.length > 0 && h("details", {}, h("summary", {}, "Why some are not determined"), h("ul", { class: "notes" }, loose)),
      warned.length > 0 && h("details", {}, h("summary", {}, `${warned.length} ${warned.length === 1 ? "warning" : "warnings"}`), h("ul", { class: "notes" }, warned.map((one) => h("li", {}, one)))),
    );
  }

  async function rank(about, question, wanted = about.rows <= RANKED_AT_ONCE) {
    ranks.abort();
    ranks = new AbortController();
    drawn.get("ranking")?.close();
    drawn.delete("ranking");
    const place = h("div", {});
    const working = h("div", {});
    const start = async () => {
      const { laws, bootstrap, ...rest } = question;
      const found = await work(working, "Ranking laws by runs held out", "/api/comparisons", rest, { signal: ranks.signal });
      if (!found || !parts.ranking.contains(place)) return;
      ranking = found;
      if (fits) sideBySide();
      if (found.chart) put("ranking", place, found.chart);
      place.append(h("p", { class: "quiet" }, `${found.statement}.`));
      const refused = Object.entries(found.refused);
      if (refused.length) place.append(h("details", {}, h("summary", {}, "Laws that these runs do not carry"), h("ul", { class: "notes" }, refused.map(([law, why]) => h("li", {}, `${law}: ${why}`)))));
    };
    replace(parts.ranking, h("h2", {}, "Which law predicts best"), working, place);
    if (wanted) await start();
    else replace(working, h("button", { type: "button", onclick: start }, "Rank the laws by runs held out"));
  }

  async function look(anew = false) {
    if (!fits?.fits.length) return;
    const one = fits.fits.find((found) => found.law === state.look) ?? fits.fits[0];
    const against = one.inputs.includes(state.against) || state.against === "predicted" ? state.against : one.inputs[0];
    const { signal } = stop;
    if (anew || !parts.look.firstChild || parts.look.dataset.law !== one.law) {
      for (const name of ["measured", "residuals", "draws"]) {
        drawn.get(name)?.close();
        drawn.delete(name);
      }
      parts.look.dataset.law = one.law;
      pair = h("div", { class: "pair" }, h("div", {}), h("div", {}));
      cloud = h("div", {});
      replace(
        parts.look,
        h("h2", {}, "Against the runs"),
        h("div", { class: "row" },
          field("Law", select(fits.fits.map((found) => [found.law, found.title]), one.law, (law) => setState({ look: law }))),
          field("Residuals against", select([...one.inputs, "predicted"].map((name) => [name, name]), against, (name) => setState({ against: name }))),
        ),
        pair,
        cloud,
      );
    }
    const fetched = (kind, query = "") => get(`/api/fits/${one.id}/charts/${kind}${query}`, { signal });
    const [measured, residuals] = await Promise.all([fetched("measured"), fetched("residuals", `?against=${encodeURIComponent(against)}`)]);
    put("measured", pair.children[0], measured);
    put("residuals", pair.children[1], residuals);
    const exponents = one.parameters.map((p) => p.name);
    if (one.bootstrap && exponents.includes("alpha") && exponents.includes("beta")) put("draws", cloud, await fetched("draws"));
    root.dataset.looked = `${one.law} ${against}`;
  }

  // A click on a run leaves it out.
  const onclick = (point) => {
    const row = Number(point.customdata?.[0]);
    if (Number.isInteger(row) && row > 0) setState({ exclude: [...asked.exclude, row].sort((a, b) => a - b).join(",") }, { push: true });
  };

  function put(name, place, spec) {
    if (drawn.has(name) && place.contains(drawn.get(name).element)) return drawn.get(name).update(spec);
    drawn.get(name)?.close();
    replace(place);
    drawn.set(name, chart(place, spec, ["measured", "residuals"].includes(name) ? { onclick } : {}));
    return undefined;
  }

  follow(first);
  return {
    update: follow,
    close: () => {
      stop.abort();
      ranks.abort();
      for (const one of drawn.values()) one.close();
    },
  };
}

function usual({ laws }) {
  const names = laws.map((one) => one.law);
  const found = USUAL.filter((name) => names.includes(name));
  return found.length ? found : names.slice(0, 2);
}

export default { id: "fit", title: "Fit", render };
