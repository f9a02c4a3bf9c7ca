// The shell: the tabs, the state in the URL, and the view that is open.

import { announce } from "./announce.js";
import { h, replace } from "./elements.js";
import { failed } from "./progress.js";
import { about, setUp } from "./theme.js";
import experiments from "./views/experiments.js";
import fit from "./views/fit.js";
import forecast from "./views/forecast.js";
import quanta from "./views/quanta.js";
import runs from "./views/runs.js";
import theory from "./views/theory.js";

const views = [runs, fit, forecast, theory, experiments, quanta];
const place = document.getElementById("view");
const tabs = document.getElementById("tabs");
let open = null;

const read = () => Object.freeze(Object.fromEntries(new URLSearchParams(location.search)));
const chosen = (state) => views.find((one) => one.id === state.view) ?? views[0];

// Writes texts into the URL's query; null takes a name out. `push` makes a step that "back" returns from.
function setState(changes, { push = false } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, String(value));
  }
  const address = query.size ? `?${query}` : location.pathname;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  follow();
}

function follow() {
  const state = read();
  const view = chosen(state);
  if (open?.view !== view) show(view, state);
  else open.update?.(state);
}

function show(view, state) {
  open?.close?.();
  replace(place);
  for (const tab of tabs.children) {
    const on = tab.id === `tab-${view.id}`;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    if (on) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  place.setAttribute("aria-labelledby", `tab-${view.id}`);
  place.dataset.view = view.id;
  document.title = `${view.title} – quantal`;
  open = { view };
  try {
    open = { view, ...view.render(place, state, setState) };
  } catch (error) {
    failed(place, error);
  }
}

function tab(view) {
  return h(
    "button",
    {
      type: "button",
      role: "tab",
      id: `tab-${view.id}`,
      "aria-controls": "view",
      onclick: () => setState({ view: view.id }, { push: true }),
    },
    view.title,
  );
}

tabs.addEventListener("keydown", (event) => {
  const all = [...tabs.children];
  const at = all.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = all[(to + all.length) % all.length];
  next.focus();
  next.click();
});

const share = document.getElementById("share");
share.addEventListener("click", async () => {
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  announce(copied ? "link copied" : "the link stands in the address bar");
  share.textContent = copied ? "Copied" : "It is in the address bar";
  setTimeout(() => {
    share.textContent = "Copy link";
  }, 2000);
});

tabs.append(...views.map(tab));
setUp(document.getElementById("theme"));
window.addEventListener("popstate", follow);
follow();
about.then(
  () => {
    document.documentElement.dataset.ready = "yes";
  },
  (error) => failed(place, error),
);
