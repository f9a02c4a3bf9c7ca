// One chart: heading, drawing, caption, buttons that save it (SVG, PNG, data), and its data as a table.

import { announce } from "./announce.js";
import { Cloud, traces, unpack } from "./cloud.js";
import { h, replace, table } from "./elements.js";
import { number } from "./numbers.js";
import { about, colour, coloured, onTheme } from "./theme.js";

const config = { displaylogo: false, displayModeBar: false, responsive: true };
const touch = window.matchMedia("(pointer: coarse)");
const narrow = window.matchMedia("(max-width: 560px)");
const MOST_ROWS = 200;
const RESTS = 300;
const MOST_DRAWN_AS_SHAPES = 20_000;
let charts = 0;

const library = new Promise((resolve, reject) => {
  if (window.Plotly) resolve(window.Plotly);
  const script = document.getElementById("plotly");
  script.addEventListener("load", () => resolve(window.Plotly));
  script.addEventListener("error", () => reject(new Error("plotly.min.js could not be loaded")));
});

// Draws `spec` (what quantal.app.charts.chart_json makes) into `root`; returns {element, place, update(spec), move, close()}.
// `onclick` is told of a plotly point that was clicked. A spec with a `cloud` of packed points has them on a canvas;
// then `cloud` holds {left: Set of rows, hover(i, points) -> element, pick(row)}.
export function chart(root, spec, { onclick, cloud: options } = {}) {
  charts += 1;
  const identity = `chart-${charts}`;
  const heading = h("h3", { id: `${identity}-title` });
  const caption = h("figcaption");
  const place = h("div", { class: "chart", role: "img", id: identity });
  const data = h("details", { class: "data" }, h("summary", {}, "Data as a table"));
  const key = h("div", { class: "key", "aria-hidden": "true" });
  const tip = options ? h("div", { class: "tip", hidden: true, "aria-hidden": "true" }) : null;
  const button = (text, what, how) =>
    h("button", { type: "button", class: "save", "aria-label": `Save ${what}`, title: `Save ${what}`, onclick: how }, text);
  const buttons = h(
    "div",
    { class: "saves", role: "group", "aria-label": "Save the chart" },
    button("SVG", "the chart as SVG", () => image("svg")),
    button("PNG", "the chart as PNG", () => image("png")),
    button("CSV", "the chart's data as CSV", () => save(`${current.name}.csv`, new Blob([csv(current, left())], { type: "text/csv" }))),
  );
  const element = h("figure", { class: "charted", "aria-labelledby": heading.id }, h("div", { class: "head" }, heading, buttons), place, options && key, caption, data);
  root.append(element);
  let current = spec;
  let drawing = Promise.resolve();
  let same = null;
  let reach = "";
  let resting = 0;
  const left = () => options?.left() ?? new Set();
  const cloud = options && new Cloud(place, { onpoint, onleave: () => (tip.hidden = true), onpick: (i) => options.pick(current.cloud.rows[i]) });

  function onpoint(i, [x, y]) {
    replace(tip, options.hover(i, current.cloud));
    tip.hidden = false;
    const right = x > place.clientWidth / 2;
    tip.style.left = right ? "" : `${x + 14}px`;
    tip.style.right = right ? `${place.clientWidth - x + 14}px` : "";
    tip.style.top = `${Math.max(0, y - 12)}px`;
  }

  function cast() {
    cloud.left = left();
    cloud.draw();
    replace(key, current.cloud.shade && shadeKey(current.cloud.shade));
  }

  async function draw() {
    const [Plotly] = await Promise.all([library, about]);
    const { data: drawn, layout } = coloured(current.figure);
    layout.uirevision = current.name;
    if (touch.matches) layout.dragmode = false;
    if (narrow.matches && layout.yaxis?.categoryarray) fold(layout);
    place.style.height = `${layout.height}px`;
    const held = !cloud && layout.xaxis?.range && layout.yaxis?.range && drawn.every((trace) => trace.type === "scatter");
    const still = (axis) => ({ ...axis, range: null });
    const fixed = held && { ...layout, xaxis: still(layout.xaxis), yaxis: still(layout.yaxis) };
    const rest = held ? JSON.stringify([fixed, drawn.map((trace) => ({ ...trace, x: null, y: null, customdata: null }))]) : null;
    const ends = held ? JSON.stringify([layout.xaxis.range, layout.yaxis.range]) : "";
    if (rest && rest === same) await moved(Plotly, drawn, ends === reach ? null : layout);
    else await Plotly.react(place, drawn, layout, config);
    [same, reach] = [rest, ends];
    if (cloud) {
      place.append(tip);
      cast();
    }
    if (!place.dataset.drawn) {
      if (onclick) place.on("plotly_click", (event) => onclick(event.points[0]));
      if (cloud) for (const name of ["plotly_afterplot", "plotly_relayouting"]) place.on(name, cast);
    }
    place.dataset.drawn = current.name;
  }

  // Lines that lie elsewhere, and axes with other ends where a layout is given, are drawn without the rest, in half the time.
  function moved(Plotly, drawn, layout) {
    const now = { duration: 0, redraw: false };
    const places = drawn.map(({ x, y, customdata }) => (customdata ? { x, y, customdata } : { x, y }));
    const frame = { data: places, traces: drawn.map((_, i) => i) };
    if (layout) frame.layout = { xaxis: { range: layout.xaxis.range }, yaxis: { range: layout.yaxis.range } };
    return Plotly.animate(place, frame, { transition: { duration: 0 }, frame: now, mode: "immediate" });
  }

  function update(next) {
    if (next.cloud && next !== current) next.cloud = unpack(next.cloud);
    current = next;
    heading.textContent = next.title;
    caption.textContent = next.caption;
    place.setAttribute("aria-label", next.alt);
    if (cloud) cloud.set(next.cloud, { x: next.figure.layout.xaxis.type === "log", y: next.figure.layout.yaxis.type === "log" });
    if (data.open) listed();
    drawing = drawing.then(draw);
    return drawing;
  }

  function listed() {
    const { head, rows, total } = columns(current, left(), MOST_ROWS);
    const note = total > MOST_ROWS ? `The first ${MOST_ROWS} of ${total.toLocaleString("en-US")} rows; CSV holds all.` : "";
    replace(data, data.firstElementChild, table(current.title, head, rows, { note }));
  }

  async function image(format) {
    const Plotly = await library;
    const { width, height } = place.getBoundingClientRect();
    const scale = format === "png" ? 2 : 1;
    const figure = cloud ? pictured(current, left(), cloud, width, height) : place;
    const url = await Plotly.toImage(figure, { format, width, height, scale });
    save(`${current.name}.${format}`, blob(url));
  }

  data.addEventListener("toggle", () => data.open && listed());
  const quiet = onTheme(() => place.dataset.drawn && draw());
  if (spec.cloud) spec.cloud = unpack(spec.cloud);
  return {
    ready: update(spec),
    element,
    place,
    update,
    mark: () => cloud && place.dataset.drawn && cast(),
    // Puts the one point of the last trace elsewhere: on the screen at once, and into plotly's keeping once it rests.
    move: (x, y, texts) => {
      const trace = current.figure.data.length - 1;
      const moved = { x: [x], y: [y], customdata: [texts] };
      Object.assign(current.figure.data[trace], moved);
      if (!place.dataset.drawn) return;
      slide(place, x, y);
      clearTimeout(resting);
      const kept = Object.fromEntries(Object.entries(moved).map(([key, one]) => [key, [one]]));
      resting = setTimeout(() => window.Plotly.restyle(place, kept, [trace]), RESTS);
    },
    close: () => {
      clearTimeout(resting);
      quiet();
      cloud?.close();
      window.Plotly?.purge(place);
    },
  };
}

// What the shades of a cloud stand for.
function shadeKey({ label, values }) {
  let [low, high] = [Infinity, -Infinity];
  for (const one of values) [low, high] = [one < low ? one : low, one > high ? one : high];
  const bar = h("span", { class: "ramp" });
  bar.style.background = `linear-gradient(90deg, ${[1, 0.8, 0.6, 0.4, 0.2, 0].map((at) => colour(`ramp:${at}`)).join(", ")})`;
  return [h("span", {}, label), number(low), bar, number(high)];
}

// The mark of the last trace's one point, shifted on the screen.
function slide(place, x, y) {
  const { xaxis, yaxis } = place._fullLayout;
  const share = (axis, value) => ((axis.type === "log" ? Math.log10(value) : value) - axis.range[0]) / (axis.range[1] - axis.range[0]);
  const mark = [...place.querySelectorAll(".scatterlayer .trace")].pop()?.querySelector(".point");
  mark?.setAttribute("transform", `translate(${xaxis._length * share(xaxis, x)},${yaxis._length * (1 - share(yaxis, y))})`);
}

// Long names beside a narrow chart go over several lines.
function fold(layout) {
  const names = layout.yaxis.categoryarray;
  const lines = (text) => text.replace(/(.{10,18}?) +/g, "$1<br>");
  Object.assign(layout.yaxis, { tickmode: "array", tickvals: names, ticktext: names.map(lines), tickfont: { ...layout.yaxis.tickfont, size: 11 } });
  layout.height = 110 + 46 * names.length;
}

// A chart of a cloud as plotly draws it: every point a shape, or a picture of them where there are very many.
function pictured(spec, left, cloud, width, height) {
  const figure = structuredClone(spec.figure);
  if (spec.cloud.rows.length <= MOST_DRAWN_AS_SHAPES) {
    const { xaxis, yaxis } = cloud.place._fullLayout;
    figure.layout.xaxis.range = [...xaxis.range];
    figure.layout.yaxis.range = [...yaxis.range];
    return coloured({ data: traces(spec.cloud, left), layout: { ...figure.layout, showlegend: false, width, height } });
  }
  const { xaxis, yaxis, width: w } = cloud.place._fullLayout;
  const cut = document.createElement("canvas");
  const scale = cloud.canvas.width / w;
  Object.assign(cut, { width: xaxis._length * scale, height: yaxis._length * scale });
  cut.getContext("2d").drawImage(cloud.canvas, -xaxis._offset * scale, -yaxis._offset * scale);
  const picture = { source: cut.toDataURL(), xref: "paper", yref: "paper", x: 0, y: 1, sizex: 1, sizey: 1, sizing: "stretch", layer: "above" };
  const layout = { ...figure.layout, images: [picture], width, height };
  layout.xaxis.range = [...xaxis.range];
  layout.yaxis.range = [...yaxis.range];
  return coloured({ data: figure.data, layout });
}

function blob(url) {
  const [head, body] = [url.slice(0, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
  const type = /^data:([^;,]+)/.exec(head)[1];
  if (!head.includes("base64")) return new Blob([decodeURIComponent(body)], { type });
  return new Blob([Uint8Array.from(atob(body), (one) => one.charCodeAt(0))], { type });
}

export function save(name, content) {
  const link = h("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  announce(`${name} saved`);
}

// The chart's data as columns: a row a point, with what its hover says.
function columns({ figure, cloud }, left, most = Infinity) {
  const axis = (name) => plainText(figure.layout[name]?.title?.text ?? name[0]);
  if (cloud) {
    const shade = cloud.shade ? [cloud.shade.label] : [];
    const rows = [];
    for (let i = 0; i < Math.min(cloud.rows.length, most); i += 1) {
      const more = cloud.shade ? [cloud.shade.values[i]] : [];
      rows.push([cloud.rows[i], cloud.x[i], cloud.y[i], ...more, left.has(cloud.rows[i]) ? "left out" : ""].map(String));
    }
    return { head: ["row", axis("xaxis"), axis("yaxis"), ...shade, ""], rows, total: cloud.rows.length };
  }
  const shown = figure.data.filter((one) => one.x && one.y && one.mode !== "text");
  const hovers = (trace) => [...(trace.hovertemplate ?? "").matchAll(/(?:^|<br>)([^<>]*): %\{customdata\[(\d+)\]\}/g)];
  const more = [...new Set(shown.flatMap((one) => (one.customdata ? hovers(one).map((found) => found[1]) : one.z ? ["value"] : [])))];
  const rows = [];
  let total = 0;
  for (const trace of shown) {
    if (trace.z) {
      const cells = trace.z.length * trace.x.length;
      total += cells;
      for (let i = 0; i < cells && rows.length < most; i += 1) {
        const [row, column] = [Math.floor(i / trace.x.length), i % trace.x.length];
        rows.push([trace.name || "", trace.x[column], trace.y[row], trace.z[row][column]].map((one) => plainText(String(one ?? ""))));
      }
      continue;
    }
    const places = new Map(trace.customdata ? hovers(trace).map((found) => [found[1], Number(found[2])]) : []);
    total += trace.x.length;
    for (let i = 0; i < trace.x.length && rows.length < most; i += 1) {
      const told = more.map((name) => (places.has(name) ? trace.customdata[i][places.get(name)] : ""));
      rows.push([trace.name || "", trace.x[i], trace.y[i], ...told].map((one) => plainText(String(one ?? ""))));
    }
  }
  return { head: ["series", axis("xaxis"), axis("yaxis"), ...more.map(plainText)], rows, total };
}

const plainText = (text) => text.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function csv(spec, left) {
  const { head, rows } = columns(spec, left);
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
