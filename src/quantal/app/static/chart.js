// One chart: heading, drawing, caption, buttons that save it (SVG, PNG, data), and its data as a table.

import { announce } from "./announce.js";
import { h, replace, table } from "./elements.js";
import { about, coloured, onTheme } from "./theme.js";

const config = {
  displaylogo: false,
  displayModeBar: false,
  responsive: true,
};
const touch = window.matchMedia("(pointer: coarse)");
const MOST_ROWS = 200;
let charts = 0;

const library = new Promise((resolve, reject) => {
  if (window.Plotly) resolve(window.Plotly);
  const script = document.getElementById("plotly");
  script.addEventListener("load", () => resolve(window.Plotly));
  script.addEventListener("error", () => reject(new Error("plotly.min.js could not be loaded")));
});

// Draws `spec` (what quantal.app.charts.chart_json makes) into `root`; returns {element, place, update(spec), close()}.
export function chart(root, spec, { onclick } = {}) {
  charts += 1;
  const identity = `chart-${charts}`;
  const heading = h("h3", { id: `${identity}-title` });
  const caption = h("figcaption");
  const place = h("div", { class: "chart", role: "img", id: identity });
  const data = h("details", { class: "data" }, h("summary", {}, "Data as a table"));
  const button = (text, what, how) =>
    h("button", { type: "button", class: "save", "aria-label": `Save ${what}`, title: `Save ${what}`, onclick: how }, text);
  const buttons = h(
    "div",
    { class: "saves", role: "group", "aria-label": "Save the chart" },
    button("SVG", "the chart as SVG", () => image("svg")),
    button("PNG", "the chart as PNG", () => image("png")),
    button("CSV", "the chart's data as CSV", () => save(`${current.name}.csv`, new Blob([csv(current)], { type: "text/csv" }))),
  );
  const element = h("figure", { class: "charted", "aria-labelledby": heading.id }, h("div", { class: "head" }, heading, buttons), place, caption, data);
  root.append(element);
  let current = spec;
  let drawing = Promise.resolve();

  async function draw() {
    const [Plotly] = await Promise.all([library, about]);
    const { data: traces, layout } = coloured(current.figure);
    layout.uirevision = current.name;
    if (touch.matches) layout.dragmode = false;
    place.style.height = `${layout.height}px`;
    await Plotly.react(place, traces, layout, config);
    place.dataset.drawn = current.name;
    if (onclick && !place.dataset.clicks) {
      place.dataset.clicks = "on";
      place.on("plotly_click", (event) => onclick(event.points[0]));
    }
  }

  function update(next) {
    current = next;
    heading.textContent = next.title;
    caption.textContent = next.caption;
    place.setAttribute("aria-label", next.alt);
    if (data.open) listed();
    drawing = drawing.then(draw);
    return drawing;
  }

  function listed() {
    const { head, rows } = columns(current);
    const note = rows.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${rows.length.toLocaleString("en-US")} rows; CSV holds all.` : "";
    const shown = table(current.title, head, rows.slice(0, MOST_ROWS), { note });
    replace(data, data.firstElementChild, shown);
  }

  async function image(format) {
    const Plotly = await library;
    const { width, height } = place.getBoundingClientRect();
    const url = await Plotly.toImage(place, { format, width, height, scale: format === "png" ? 2 : 1 });
    save(`${current.name}.${format}`, await blob(url));
  }

  data.addEventListener("toggle", () => data.open && listed());
  const quiet = onTheme(() => place.dataset.drawn && draw());
  update(spec);
  return {
    element,
    place,
    update,
    close: () => {
      quiet();
      window.Plotly?.purge(place);
    },
  };
}

async function blob(url) {
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
function columns({ figure }) {
  const axis = (name) => plainText(figure.layout[name]?.title?.text ?? name[0]);
  const traces = figure.data.filter((one) => one.x && one.y);
  const hovers = (trace) => [...(trace.hovertemplate ?? "").matchAll(/(?:^|<br>)([^<>]*): %\{customdata\[(\d+)\]\}/g)];
  const more = [...new Set(traces.flatMap((one) => (one.customdata ? hovers(one).map((found) => found[1]) : [])))];
  const rows = [];
  for (const trace of traces) {
    const places = new Map(trace.customdata ? hovers(trace).map((found) => [found[1], Number(found[2])]) : []);
    for (let i = 0; i < trace.x.length; i += 1) {
      const told = more.map((name) => (places.has(name) ? trace.customdata[i][places.get(name)] : ""));
      rows.push([trace.name || "", trace.x[i], trace.y[i], ...told].map((one) => plainText(String(one ?? ""))));
    }
  }
  return { head: ["series", axis("xaxis"), axis("yaxis"), ...more.map(plainText)], rows };
}

const plainText = (text) => text.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function csv(spec) {
  const { head, rows } = columns(spec);
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
