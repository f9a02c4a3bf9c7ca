// Quanta: clusters of a language model's tokens in their context, sizes by rank, and similarity.

import { get, newest } from "../api.js";
import { announce } from "../announce.js";
import { chart } from "../chart.js";
import { field, h, replace, select } from "../elements.js";
import { number } from "../numbers.js";
import { failed } from "../progress.js";

const ORDERS = [["size", "largest first"], ["stability", "most stable first"], ["loss", "lowest loss first"]];
const NAMES = ["search", "order", "stable", "cluster", "contexts"];
const LATER = 250;
const visible = (text) => text.replaceAll("\n", "↵").replaceAll("\r", "↵").replaceAll("\t", "⇥");
const count = (n, what) => `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;

function render(root, first, setState) {
  const stop = new AbortController();
  const place = h("div", {});
  root.append(h("h1", {}, "Quanta"), place);
  let state = first;
  let inner = null;
  get("/api/quanta", { signal: stop.signal }).then(
    (found) => {
      if (found.given) inner = browser(place, found, state, setState);
      else replace(place, nothing());
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

function nothing() {
  return [
    h("p", { class: "lead" }, "The skills of a language model: clusters of tokens that it predicts by the same weights."),
    h(
      "div",
      { class: "empty" },
      h("p", {}, "No clusters are shown. Find them, and start the page with what was found:"),
      h("pre", {}, "quantal discover model/ --text corpus.txt --save found.json\nquantal app --quanta found.json"),
    ),
  ];
}

function browser(root, about, first, setState) {
  let values = read(first);
  let open = true;
  let timer = 0;
  let charts = [];
  let pages = [];
  let byHand = false;

  const search = h("input", { type: "search", placeholder: "text or token", autocomplete: "off", oninput: () => later({ search: search.value }) });
  const stable = h("input", { type: "checkbox", id: "stable-only", onchange: () => write({ stable: stable.checked ? "1" : null }) });
  const contexts = h("input", { type: "checkbox", id: "contexts", onchange: () => setState({ contexts: contexts.checked ? "1" : null }) });
  const order = select(ORDERS, values.order ?? "size", (key) => write({ order: key === "size" ? null : key }));
  const told = h("p", { class: "quiet", role: "status" });
  const tools = h(
    "form",
    { class: "row", role: "search", onsubmit: (event) => event.preventDefault() },
    field("Search", search),
    field("Order", order),
    h("label", { class: "check", for: "stable-only" }, stable, "stable only"),
  );
  const wide = h("label", { class: "check", for: "contexts" }, contexts, "whole contexts");
  const pair = h("div", { class: "duo" });
  const list = h("div", { class: "clusters" });
  replace(
    root,
    h(
      "p",
      { class: "lead" },
      `${count(about.tokens, "token")} of ${about.text} in ${count(about.clusters, "cluster")} by the gradients of ${about.model}; ${about.stable} of them stable.`,
    ),
    facts(about),
    pair,
    h("h2", { id: "clusters" }, "Clusters"),
    h("div", { class: "row" }, tools, wide),
    told,
    list,
  );

  function read(state) {
    return Object.fromEntries(NAMES.filter((name) => state[name] !== undefined).map((name) => [name, state[name]]));
  }

  const write = (changes) => setState({ ...changes, cluster: changes.cluster ?? null });

  function later(changes) {
    clearTimeout(timer);
    timer = setTimeout(() => write({ search: changes.search || null }), LATER);
  }

  function fill() {
    if (document.activeElement !== search) search.value = values.search ?? "";
    order.value = values.order ?? "size";
    stable.checked = values.stable === "1";
    contexts.checked = values.contexts === "1";
    list.classList.toggle("wide", contexts.checked);
    tools.hidden = Boolean(values.cluster);
  }

  const ask = newest(async () => {
    const { search: wanted = "", order: by = "size", stable: only, cluster } = values;
    try {
      if (cluster) {
        const found = await get(`/api/quanta/cluster?${new URLSearchParams({ number: cluster })}`);
        if (open) alone(found);
      } else {
        const query = { search: wanted, order: by, stable: only === "1" };
        const found = await get(`/api/quanta/clusters?${new URLSearchParams(query)}`);
        if (open) many(found, query);
      }
    } catch (error) {
      if (!open) return;
      told.textContent = "";
      failed(list, error);
    }
    list.dataset.answered = new URLSearchParams(values).toString();
  });

  function many(found, query) {
    pages = found.clusters;
    told.textContent = `${count(found.tokens, "token")} in ${count(found.matching, "cluster")}${query.search ? " hold it" : ""}.`;
    show();

    function show() {
      const rest = found.matching - pages.length;
      const more = h("button", { type: "button", onclick: next }, `Show ${Math.min(rest, 20)} more`);
      replace(list, pages.map((one) => article(one, query.search)), rest > 0 && more);
    }

    async function next() {
      const at = pages.length;
      const page = await get(`/api/quanta/clusters?${new URLSearchParams({ ...query, first: at })}`);
      pages = [...pages, ...page.clusters];
      show();
      list.children[at]?.querySelector("button")?.focus();
      announce(`${page.clusters.length} more clusters`);
    }
  }

  function alone(found) {
    told.textContent = "";
    const back = h("button", { type: "button", onclick: () => setState({ cluster: null }) }, "All clusters");
    replace(list, back, article(found, "", true));
    if (!byHand) return;
    back.focus({ preventScroll: true });
    list.scrollIntoView({ block: "start" });
  }

  function article(one, wanted, whole = false) {
    const words = [
      count(one.size, "token"),
      `stability ${one.stability === null ? "unknown" : number(one.stability, 2)}`,
      `cohesion ${number(one.cohesion, 2)}`,
      one.loss !== null && `loss ${number(one.loss, 2)}`,
    ].filter(Boolean);
    const hidden = one.matching - one.tokens.length;
    const title = `Cluster ${one.number}`;
    return h(
      "article",
      { "aria-label": title },
      h(
        "h3",
        {},
        whole ? title : h("button", { type: "button", class: "plain", onclick: () => setState({ cluster: one.number }, { push: true }) }, title),
        h("span", { class: one.stable ? "yes" : "no" }, one.stable ? "stable" : "not stable"),
        h("small", {}, words.join(" · ")),
      ),
      h("ol", {}, one.tokens.map(row)),
      hidden > 0 && h("p", { class: "quiet" }, whole ? `The first ${one.tokens.length} tokens of ${one.matching}.` : `and ${hidden} more${wanted ? " that hold it" : ""}`),
    );
  }

  function row(token) {
    const item = h(
      "li",
      {},
      h("span", { class: "b" }, h("bdi", {}, visible(token.before))),
      h("mark", {}, visible(token.text) || "∅"),
      h("span", { class: "a" }, visible(token.after)),
      h("small", {}, `${token.source}, loss ${number(token.loss, 2)} nats`),
    );
    item.addEventListener("click", () => item.classList.toggle("open"));
    return item;
  }

  get("/api/quanta/charts").then(
    ({ charts: specs, ends }) => {
      if (!open) return;
      const into = (number_) => setState({ cluster: number_ }, { push: true });
      const at = (token) => ends.findIndex((end) => token <= end) + 1;
      charts = [
        chart(pair, specs[0], { onclick: (point) => into(Math.round(point.x)) }),
        chart(pair, specs[1], { onclick: (point) => into(at(point.y)) }),
      ];
    },
    (error) => open && failed(pair, error),
  );
  fill();
  ask();
  return {
    update(state) {
      const next = read(state);
      const other = NAMES.some((name) => name !== "contexts" && next[name] !== values[name]);
      values = next;
      byHand = true;
      fill();
      if (other) ask();
    },
    close() {
      open = false;
      clearTimeout(timer);
      charts.forEach((one) => one.close());
    },
  };
}

function facts({ stable, clusters, null_cohesion: chance, slope }) {
  const fact = (name, text, more = "") => h("div", {}, h("dt", {}, name), h("dd", {}, text, more && h("small", {}, ` ${more}`)));
  const spread = (estimate) => {
    const ends = estimate.intervals?.["95"];
    return ends ? `${number(ends[0], 3)} to ${number(ends[1], 3)}` : estimate.reason ?? "";
  };
  return h(
    "dl",
    { class: "facts" },
    fact("stable clusters", String(stable), `of ${clusters}`),
    fact("cohesion by chance, at most", number(chance, 2)),
    slope.value === null ? fact("slope of sizes", "unknown", slope.reason ?? "") : fact("slope of sizes", number(slope.value, 3), spread(slope)),
    slope.corrected && fact("corrected for bias", slope.corrected.value === null ? "unknown" : number(slope.corrected.value, 3), spread(slope.corrected)),
    slope.predicted !== null && fact("asked for by the exponent", number(slope.predicted, 3)),
  );
}

export default { id: "quanta", title: "Quanta", render };
