// Runs: bring a table, see what its columns were taken for, look at the points, and leave some out.

import { announce } from "../announce.js";
import { get, post, send } from "../api.js";
import { chart } from "../chart.js";
import { chosen, described, forgotten, rows, same } from "../choice.js";
import { field, h, replace, select, table } from "../elements.js";
import { number, sized } from "../numbers.js";
import { failed } from "../progress.js";
import { about } from "../theme.js";

const ROLES = ["params", "tokens", "compute", "steps", "batch_size", "loss"];
const PAGE = 12;
const MOST_CHIPS = 30;

function render(root, first, setState) {
  let state = first;
  let shown = null;
  let points = null;
  let places = null;
  let resting = 0;
  let open = true;
  const gone = new AbortController();
  const heading = h("h1", {}, "Runs");
  const lead = h("p", { class: "lead" });
  const trouble = h("div", {});
  const body = h("div", {});
  root.append(h("div", { class: "titled" }, h("div", {}, heading, lead), bring()), trouble, body);

  function bring() {
    const input = h("input", { type: "file", class: "unseen", id: "file", "aria-label": "A file of runs", onchange: () => input.files[0] && upload(input.files[0]) });
    const menu = h("select", { onchange: () => menu.value && take(menu.value) }, h("option", { value: "" }, "Choose a table …"));
    get("/api/tables").then((found) => {
      menu.append(...found.map((one) => h("option", { value: one.id }, `${one.id}: ${one.rows.toLocaleString("en-US")} rows`)));
    }, () => {});
    const zone = h("div", { class: "drop" }, h("label", { for: "file", class: "button" }, "Choose a file"), input, h("span", {}, "or drop it here, or"), field("A table that is here", menu));
    for (const name of ["dragover", "drop", "dragleave"]) {
      const dragged = (event) => {
        event.preventDefault();
        zone.classList.toggle("over", name === "dragover");
        if (name === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
      };
      window.addEventListener(name, dragged, { signal: gone.signal });
    }
    return zone;
  }

  const take = (id) => setState({ ...forgotten(state), table: id }, { push: true });

  async function upload(file) {
    const { limits } = await about;
    if (file.size > limits.upload_bytes) {
      failed(trouble, new Error(`${file.name} is larger than ${limits.upload_bytes / 2 ** 20} MB, which is the most that this page takes; leave out columns or rows, save it as Parquet, or write: quantal app FILE`));
      return;
    }
    replace(trouble, h("p", { class: "working" }, `Reading ${file.name} …`, h("progress", { "aria-label": "Reading" })));
    try {
      const { id } = await send(`/api/tables?name=${encodeURIComponent(file.name)}`, file);
      replace(trouble);
      announce(`${file.name} was read`);
      take(id);
    } catch (error) {
      failed(trouble, error);
    }
  }

  async function follow(next) {
    state = next;
    const now = await chosen(next);
    const before = shown;
    shown = { ...now, axes: [next.x, next.y, next.colour] };
    try {
      if (!before || !same([before.table, before.take, before.where], [now.table, now.take, now.where])) await tell(now, !same(before?.table, now.table));
      else if (!same(before.axes, shown.axes)) await draw(now, await described(now));
      else if (!same(before.exclude, now.exclude)) mark(now);
    } catch (error) {
      if (open) failed(trouble, error);
    }
  }

  async function tell(now, anew) {
    let about;
    try {
      about = await described(now);
    } catch (error) {
      if (anew) replace(body);
      if (!open) return;
      failed(trouble, error);
      if (now.where) trouble.append(h("button", { type: "button", onclick: () => setState({ where: null }) }, "Take the filter out"));
      return;
    }
    if (!open || !same([now.table, now.take, now.where], [shown.table, shown.take, shown.where])) return;
    replace(trouble);
    points?.close();
    points = null;
    heading.textContent = about.source;
    lead.textContent = `${about.rows.toLocaleString("en-US")} runs, ${about.columns.length} columns`;
    places = { chart: h("div", {}), controls: h("div", { class: "controls" }), out: h("div", { class: "out" }), list: h("div", {}) };
    replace(
      body,
      about.notes.length > 0 && notes(about.notes),
      h("div", { class: "sides" }, h("div", { class: "controls" }, places.controls, places.out), places.chart),
      h("h2", {}, "What each column was taken for"),
      columns(about, now),
      h("h2", {}, "The runs"),
      places.list,
    );
    list(now, 0);
    await draw(now, about);
  }

  const notes = (found) => {
    const items = h("ul", { class: "notes" }, found.map((one) => h("li", {}, one)));
    return found.length > 3 ? h("details", { class: "noted" }, h("summary", {}, `${found.length} notes on what was read`), items) : items;
  };

  function columns(about, now) {
    const role = (one) => {
      if (one.derived) return `${one.role}, derived`;
      if (one.role === "label" || one.role === "array") return one.role;
      const menu = select([["", one.role === "accuracy" ? "accuracy" : "value"], ...ROLES.map((name) => [name, name])], ROLES.includes(one.role) ? one.role : "", (name) => {
        const changes = Object.fromEntries(Object.entries(now.take).filter(([, header]) => header === one.source).map(([key]) => [`take.${key}`, null]));
        setState({ ...forgotten({ exclude: "", x: "", y: "", colour: "" }), ...changes, ...(name ? { [`take.${name}`]: one.source } : {}) }, { push: true });
      });
      menu.setAttribute("aria-label", `What ${one.source} is taken for`);
      menu.classList.add("small");
      if (!menu.value && ROLES.includes(one.role)) menu.value = one.role;
      return menu;
    };
    const from = (one) => (one.derived ? h("code", {}, one.derived) : one.source === one.name ? "" : h("code", {}, one.source));
    const all = [
      ["column", (one) => one.name],
      ["taken for", role],
      ["range", (one) => one.range],
      ["unit", (one) => one.unit],
      ["missing", (one) => (one.missing ? number(one.missing) : "")],
      ["from", from],
    ];
    const cells = about.columns.map((one) => all.map(([, cell]) => cell(one)));
    const used = all.map((_, i) => i).filter((i) => cells.some((row) => row[i] !== ""));
    return table("Columns", used.map((i) => all[i][0]), cells.map((row) => used.map((i) => row[i])), {
      quiet: true,
      note: Object.keys(now.take).length ? "Some were chosen by hand." : "",
    });
  }

  async function draw(now, about) {
    const numbers = about.numbers;
    if (!numbers.length) {
      replace(places.chart, h("p", { class: "quiet" }, "No column of numbers to draw."));
      return;
    }
    const usual = usualAxes(about);
    const axes = { x: state.x || usual.x, y: state.y || usual.y, colour: state.colour === "none" ? null : state.colour || usual.colour };
    const options = numbers.map((name) => [name, name]);
    const filter = h("input", { type: "text", value: now.where ?? "", placeholder: example(about), spellcheck: "false", onchange: () => setState({ where: filter.value.trim() || null }, { push: true }) });
    replace(
      places.controls,
      field("Only runs where", filter),
      field("Across", select(options, axes.x, (x) => setState({ x }))),
      field("Up", select(options, axes.y, (y) => setState({ y }))),
      field("Shade", select([["none", "nothing"], ...options], axes.colour ?? "none", (colour) => setState({ colour }))),
    );
    places.controls.className = "axes";
    const spec = await post("/api/runs/points", { ...now, ...axes });
    if (!open || !same([now.table, now.where], [shown.table, shown.where])) return;
    if (points) await points.update(spec);
    else points = chart(places.chart, spec, { cloud: { left: () => new Set(shown.exclude), hover, pick } });
    points.roles = Object.fromEntries(about.columns.map((one) => [one.name, one.role]));
    mark(now);
  }

  function hover(i, cloud) {
    const [x, y] = cloud.names;
    const row = cloud.rows[i];
    const line = (name, value) => h("div", {}, h("span", {}, name), sized(value, points.roles[name]));
    const more = h("div", { class: "more" });
    clearTimeout(resting);
    resting = setTimeout(async () => {
      const found = await post("/api/runs/row", { table: shown.table, take: shown.take, where: shown.where, row }).catch(() => null);
      const others = found?.values.filter(([name]) => name !== x && name !== y && name !== cloud.shade?.label) ?? [];
      replace(more, others.slice(0, 8).map(([name, text]) => h("div", {}, h("span", {}, name), text)));
    }, 40);
    return [
      h("b", {}, `row ${row}`, shown.exclude.includes(row) && " (left out)"),
      line(x, cloud.x[i]),
      line(y, cloud.y[i]),
      cloud.shade && line(cloud.shade.label, cloud.shade.values[i]),
      more,
    ];
  }

  function pick(row) {
    const out = new Set(shown.exclude);
    const back = out.delete(row);
    if (!back) out.add(row);
    leave([...out]);
    announce(`row ${row} ${back ? "is used again" : "is left out"}`);
  }

  const leave = (out) => setState({ exclude: [...out].sort((a, b) => a - b).join(",") || null });

  function mark(now) {
    points?.mark();
    for (const box of places.list.querySelectorAll("input[data-row]")) box.checked = !now.exclude.includes(Number(box.dataset.row));
    const chips = now.exclude.slice(0, MOST_CHIPS).map((row) =>
      h("button", { type: "button", class: "chip", "aria-label": `Use row ${row} again`, onclick: () => pick(row) }, `row ${row} ×`),
    );
    const input = h("input", { type: "text", value: now.exclude.join(", "), inputmode: "numeric", onchange: () => leave(rows(input.value)) });
    replace(
      places.out,
      field("Rows left out", input, "Click a point, or write row numbers."),
      chips.length > 0 && h("div", { class: "chips" }, chips, now.exclude.length > MOST_CHIPS && `and ${now.exclude.length - MOST_CHIPS} more`),
      chips.length > 0 && h("button", { type: "button", class: "plain", onclick: () => leave([]) }, "Use all runs again"),
    );
  }

  async function list(now, start, by = null, descending = false) {
    const found = await post("/api/runs/page", { table: now.table, take: now.take, where: now.where, start, count: PAGE, by, descending });
    if (!open || !same([now.table, now.where], [shown.table, shown.where])) return;
    const sorted = (name) =>
      h("button", { type: "button", class: "sort", "aria-label": `Sort by ${name}`, onclick: () => list(now, 0, name, by === name && !descending) }, name, by === name && (descending ? " ↓" : " ↑"));
    const used = (row) =>
      h("label", { class: "check" }, h("input", { type: "checkbox", "data-row": row, checked: !shown.exclude.includes(row), "aria-label": `Use row ${row}`, onchange: () => pick(row) }), String(row));
    const go = (text, to, able) => h("button", { type: "button", disabled: !able, onclick: () => list(now, to, by, descending) }, text);
    replace(
      places.list,
      table("Rows", ["use", ...found.head.map(sorted)], found.rows.map((one) => [used(one.row), ...one.cells]), {
        numeric: found.numeric.flatMap((on, i) => (on ? [i + 1] : [])),
        quiet: true,
        note: `${start + 1} to ${start + found.rows.length} of ${found.total.toLocaleString("en-US")}`,
      }),
      h("div", { class: "row" }, go("Earlier", Math.max(0, start - PAGE), start > 0), go("Later", start + PAGE, start + PAGE < found.total)),
    );
  }

  follow(first);
  return {
    update: follow,
    close: () => {
      open = false;
      gone.abort();
      points?.close();
    },
  };
}

// A filter that this table could have.
function example({ columns, ranges }) {
  const label = columns.find((one) => one.role === "label" && one.distinct > 1 && one.distinct < 40);
  if (label) return `${label.name} == "${label.range.split(", ")[0]}"`;
  const [name, ends] = Object.entries(ranges)[0] ?? [];
  return name ? `${name} > ${Math.sqrt(ends[0] * ends[1]).toExponential(0).replace("e+", "e")}` : "";
}

function usualAxes({ numbers, columns, target }) {
  const role = (name) => columns.find((one) => one.role === name)?.name;
  const sizes = ["params", "tokens", "compute", "steps", "batch_size"].map(role).filter(Boolean);
  const goal = numbers.includes(target) ? target : numbers.at(-1);
  if (sizes.includes("params") && sizes.includes("tokens")) return { x: "params", y: "tokens", colour: goal };
  const x = sizes[0] ?? numbers.find((name) => name !== goal) ?? goal;
  return { x, y: goal, colour: null };
}

export default { id: "runs", title: "Runs", render };
