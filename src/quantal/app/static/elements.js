// Elements whose texts are texts: nothing that a table or a person wrote is ever read as markup.

export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

export function replace(root, ...children) {
  root.replaceChildren(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
}

// A table with a caption (heard but not seen where `quiet`); head and cells are texts or elements, columns in `numeric`
// align right.
export function table(caption, head, rows, { numeric = [], note = "", quiet = false } = {}) {
  const right = new Set(numeric);
  const cell = (name, i, child, scope) => h(name, { scope, class: right.has(i) ? "num" : null }, child ?? "");
  return h(
    "div",
    { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    h(
      "table",
      {},
      h("caption", {}, h("span", { class: quiet ? "unseen" : "name" }, caption), note && h("span", {}, note)),
      h("thead", {}, h("tr", {}, head.map((one, i) => cell("th", i, one, "col")))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one, i) => (i ? cell("td", i, one) : cell("th", i, one, "row")))))),
    ),
  );
}

let fields = 0;

// A labelled control: field("Budget", h("input", {...}), "in FLOPs").
export function field(label, control, hint = "") {
  fields += 1;
  control.id ||= `field-${fields}`;
  const about = hint ? h("small", { id: `${control.id}-hint` }, hint) : null;
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, about);
}

export function select(options, value, onchange) {
  return h(
    "select",
    { onchange: (event) => onchange(event.target.value) },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
  );
}

// A slider over [low, high]; `log` makes its steps factors. oninput is told the value as it is dragged.
export function slider(label, { low, high, value, log = false, steps = 400, write = String, oninput, onchange, hint = "", id = null }) {
  const into = log ? Math.log : (x) => x;
  const back = log ? Math.exp : (x) => x;
  const [a, b] = [into(low), into(high)];
  const shown = h("output", {}, write(value));
  const input = h("input", { type: "range", id, min: 0, max: steps, step: 1 });
  const at = () => back(a + ((b - a) * Number(input.value)) / steps);
  const set = (x) => {
    input.value = String(Math.round((steps * (into(Math.min(Math.max(x, low), high)) - a)) / (b - a || 1)));
    tell(x);
  };
  const tell = (x) => {
    shown.textContent = write(x);
    input.setAttribute("aria-valuetext", write(x));
  };
  input.addEventListener("input", () => {
    tell(at());
    oninput?.(at());
  });
  input.addEventListener("change", () => onchange?.(at()));
  set(value);
  const made = field(label, input, hint);
  made.classList.add("slider");
  shown.setAttribute("for", input.id);
  made.querySelector("label").append(shown);
  return { element: made, input, set };
}

// A formula in MathML that the server wrote; what is no MathML in it is left out.
export function formula(text) {
  const found = new DOMParser().parseFromString(text, "text/html").querySelector("math");
  if (!found) return h("span");
  for (const one of found.querySelectorAll("*")) {
    if (one.namespaceURI !== "http://www.w3.org/1998/Math/MathML" || [...one.attributes].some(({ name }) => name.startsWith("on"))) one.remove();
  }
  return h("span", { class: "formula" }, document.importNode(found, true));
}
