// Numbers as people write them; the same forms as the report's.

const GAP = "\u00a0";
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const minus = (text) => text.replaceAll("-", "−");

export function power(x, digits = 3) {
  if (!Number.isFinite(x) || x === 0) return String(x);
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  const raised = "10" + [...String(Number(exponent))].map((one) => RAISED[one]).join("");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return short === "1" ? raised : minus(`${short}${GAP}×${GAP}${raised}`);
}

export function number(x, digits = 4) {
  if (x === null || x === undefined) return "";
  if (!Number.isFinite(x) || x === 0) return String(x);
  const order = Math.floor(Math.log10(Math.abs(x)));
  if (order < -4 || order >= 6) return power(x, digits);
  const places = Number.isInteger(x) ? 0 : Math.max(0, digits - 1 - order);
  return minus(x.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }));
}

export function size(x, digits = 3) {
  if (!Number.isFinite(x) || Math.abs(x) >= 1e15 || (Math.abs(x) > 0 && Math.abs(x) < 1)) return power(x, digits);
  const rounded = Math.abs(x) >= 1e3 || !Number.isInteger(x) ? Number(x.toPrecision(digits)) : x;
  for (const [limit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(rounded) >= limit) return `${number(rounded / limit, digits)}${GAP}${letter}`;
  }
  return number(rounded, digits);
}

export function percent(share, digits = 2) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "";
  if (share === 0) return `0${GAP}%`;
  const order = Math.floor(Math.log10(Math.abs(100 * share)));
  return minus((100 * share).toFixed(Math.max(0, digits - 1 - order))) + `${GAP}%`;
}

// A value of a column by its role: compute as a power of ten, sizes with a magnitude, all else as a number.
export function sized(x, role) {
  if (x === null || x === undefined) return "";
  if (role === "compute") return power(x);
  if (["params", "tokens", "steps", "batch_size", "samples"].includes(role)) return size(x);
  return number(x);
}

// "70B", "1.4e12" or "3 M" as a number, NaN where it is none.
export function parsed(text) {
  const found = /^\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([kmbgt]?)\s*$/i.exec(text.replaceAll(",", ""));
  if (!found) return NaN;
  return Number(found[1]) * { "": 1, k: 1e3, m: 1e6, b: 1e9, g: 1e9, t: 1e12 }[found[2].toLowerCase()];
}

// Hours as people say them.
export function duration(hours) {
  const [span, unit] = [[1 / 60, "seconds", 3600], [1, "minutes", 60], [48, "hours", 1], [17_520, "days", 1 / 24], [Infinity, "years", 1 / 8766]]
    .filter(([most]) => hours < most)
    .map(([, name, times]) => [hours * times, name])[0];
  return `${number(Number(span.toPrecision(3)), 3)}${GAP}${unit}`;
}
