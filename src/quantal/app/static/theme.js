// Light and dark: which one is on, and colours by name.

import { get } from "./api.js";

const root = document.documentElement;
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();
let colours = null;

export const about = get("/api/page").then((found) => {
  colours = found;
  return found;
});

export const theme = () => root.dataset.theme || (system.matches ? "dark" : "light");

export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setUp(button) {
  const kept = remembered();
  if (kept) root.dataset.theme = kept;
  const tell = () => {
    const dark = theme() === "dark";
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${dark ? "light" : "dark"} theme`);
    button.setAttribute("aria-pressed", String(dark));
    for (const one of listeners) one();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    remembered(root.dataset.theme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

function remembered(chosen) {
  try {
    if (chosen) localStorage.setItem("quantal-theme", chosen);
    return localStorage.getItem("quantal-theme");
  } catch {
    return null;
  }
}

function along(ramp, share) {
  const position = Math.min(Math.max(share, 0), 1) * (ramp.length - 1);
  const first = Math.min(Math.floor(position), ramp.length - 2);
  const part = (colour, i) => parseInt(colour.slice(i, i + 2), 16);
  const mixed = [1, 3, 5].map((i) => {
    const start = part(ramp[first], i);
    return Math.round(start + (part(ramp[first + 1], i) - start) * (position - first));
  });
  return "rgb(" + mixed.join(",") + ")";
}

export function colour(name) {
  const on = theme();
  if (name === "ramp" || name === "surface") {
    const ramp = colours[name][on];
    return ramp.map((one, i) => [i / (ramp.length - 1), one]);
  }
  if (name.startsWith("ramp:")) return along(colours.ramp[on], Number(name.slice(5)));
  return colours.colours[on][name];
}

// A figure with every "@name" replaced by the theme's colour.
export function coloured(value) {
  if (typeof value === "string") return value[0] === "@" ? colour(value.slice(1)) ?? value : value;
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(coloured);
  if (ArrayBuffer.isView(value)) return value;
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one)]));
  }
  return value;
}
