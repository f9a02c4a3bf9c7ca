// Many points on one canvas over a chart's axes: drawn in one pass, found under the pointer by a grid.

import { colour } from "./theme.js";

const CELL = 12;
const REACH = 14;
const SHADES = 32;

// Plotly's packed array, or a plain one, as numbers.
export function unpacked(values) {
  if (!values?.bdata) return values;
  const bytes = Uint8Array.from(atob(values.bdata), (one) => one.charCodeAt(0));
  const kinds = { f8: Float64Array, f4: Float32Array, i4: Int32Array };
  return new kinds[values.dtype](bytes.buffer);
}

export function unpack(cloud) {
  return {
    ...cloud,
    x: unpacked(cloud.x),
    y: unpacked(cloud.y),
    rows: unpacked(cloud.rows),
    shade: cloud.shade && { ...cloud.shade, values: unpacked(cloud.shade.values) },
  };
}

export class Cloud {
  constructor(place, { onpoint, onleave, onpick }) {
    this.place = place;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "cloud";
    this.canvas.setAttribute("aria-hidden", "true");
    this.points = null;
    this.left = new Set();
    this.over = -1;
    let down = null;
    place.addEventListener("pointermove", (event) => {
      const found = this.at(event);
      if (found === this.over) return;
      this.over = found;
      if (found < 0) onleave();
      else onpoint(found, this.position(found));
    });
    place.addEventListener("pointerleave", () => {
      this.over = -1;
      onleave();
    });
    place.addEventListener("pointerdown", (event) => {
      down = [event.clientX, event.clientY];
    }, true);
    this.up = (event) => {
      if (!down || Math.hypot(event.clientX - down[0], event.clientY - down[1]) > 4) return;
      down = null;
      const found = this.at(event);
      if (found >= 0) onpick(found);
    };
    window.addEventListener("pointerup", this.up);
  }

  // Takes unpacked points; `log` says which axes are logarithmic.
  set(points, log) {
    this.points = points;
    const through = (values, on) => (on ? Float64Array.from(values, Math.log10) : values);
    this.x = through(points.x, log.x);
    this.y = through(points.y, log.y);
    this.shade = points.shade ? shades(points.shade.values) : null;
  }

  draw() {
    const layout = this.place._fullLayout;
    if (!layout || !this.points) return;
    if (this.canvas.parentNode !== this.place) this.place.append(this.canvas);
    const { width, height } = layout;
    const scale = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== w || this.canvas.height !== h) {
      Object.assign(this.canvas, { width: w, height: h });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.project(layout.xaxis, layout.yaxis);
    context.save();
    context.beginPath();
    context.rect(layout.xaxis._offset - 5, layout.yaxis._offset - 5, layout.xaxis._length + 10, layout.yaxis._length + 10);
    context.clip();
    this.paint(context);
    context.restore();
  }

  project(xaxis, yaxis) {
    const n = this.x.length;
    this.px = new Float32Array(n);
    this.py = new Float32Array(n);
    const [x0, x1] = xaxis.range;
    const [y0, y1] = yaxis.range;
    const bx = xaxis._length / (x1 - x0);
    const by = yaxis._length / (y1 - y0);
    for (let i = 0; i < n; i += 1) {
      this.px[i] = xaxis._offset + bx * (this.x[i] - x0);
      this.py[i] = yaxis._offset + yaxis._length - by * (this.y[i] - y0);
    }
    this.index(this.place._fullLayout.width, this.place._fullLayout.height);
  }

  // Points by cell of the screen: `order` holds them cell after cell, `first` where each cell begins.
  index(width, height) {
    this.across = Math.max(1, Math.ceil(width / CELL));
    const down = Math.max(1, Math.ceil(height / CELL));
    const n = this.px.length;
    const cells = new Int32Array(n);
    this.first = new Int32Array(this.across * down + 1);
    for (let i = 0; i < n; i += 1) {
      const [cx, cy] = [Math.floor(this.px[i] / CELL), Math.floor(this.py[i] / CELL)];
      cells[i] = cx >= 0 && cy >= 0 && cx < this.across && cy < down ? cy * this.across + cx : -1;
      if (cells[i] >= 0) this.first[cells[i] + 1] += 1;
    }
    for (let i = 1; i < this.first.length; i += 1) this.first[i] += this.first[i - 1];
    const next = this.first.slice();
    this.order = new Int32Array(n);
    for (let i = 0; i < n; i += 1) if (cells[i] >= 0) this.order[next[cells[i]]++] = i;
  }

  paint(context) {
    const n = this.px.length;
    const size = radius(n);
    const ramp = Array.from({ length: SHADES }, (_, i) => colour(`ramp:${1 - i / (SHADES - 1)}`));
    const groups = Array.from({ length: this.shade ? SHADES : 1 }, () => []);
    const out = [];
    for (let i = 0; i < n; i += 1) {
      if (this.left.has(this.points.rows[i])) out.push(i);
      else groups[this.shade ? this.shade[i] : 0].push(i);
    }
    context.globalAlpha = n > 20_000 ? 0.7 : 0.92;
    context.strokeStyle = colour("paper");
    context.lineWidth = 0.8;
    groups.forEach((group, i) => {
      if (!group.length) return;
      context.fillStyle = this.shade ? ramp[i] : colour("blue");
      if (size < 2) {
        for (const j of group) context.fillRect(this.px[j] - size, this.py[j] - size, 2 * size, 2 * size);
        return;
      }
      context.beginPath();
      for (const j of group) {
        context.moveTo(this.px[j] + size, this.py[j]);
        context.arc(this.px[j], this.py[j], size, 0, 2 * Math.PI);
      }
      context.fill();
      if (n <= 1000) context.stroke();
    });
    context.globalAlpha = 1;
    context.strokeStyle = colour("orange");
    context.lineWidth = 1.6;
    context.beginPath();
    const cross = Math.max(size, 3.5);
    for (const j of out) {
      context.moveTo(this.px[j] - cross, this.py[j] - cross);
      context.lineTo(this.px[j] + cross, this.py[j] + cross);
      context.moveTo(this.px[j] - cross, this.py[j] + cross);
      context.lineTo(this.px[j] + cross, this.py[j] - cross);
    }
    context.stroke();
  }

  // The point nearest to the pointer, at most 14 pixels off, or -1.
  at(event) {
    if (!this.px) return -1;
    const box = this.place.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { xaxis, yaxis } = this.place._fullLayout;
    const inside = (value, axis) => value >= axis._offset - 5 && value <= axis._offset + axis._length + 5;
    if (!inside(x, xaxis) || !inside(y, yaxis)) return -1;
    let [best, found] = [REACH * REACH, -1];
    const span = Math.ceil(REACH / CELL);
    const [cx, cy] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    for (let row = Math.max(0, cy - span); row <= cy + span; row += 1) {
      for (let column = Math.max(0, cx - span); column <= Math.min(this.across - 1, cx + span); column += 1) {
        const cell = row * this.across + column;
        if (cell + 1 >= this.first.length) continue;
        for (let k = this.first[cell]; k < this.first[cell + 1]; k += 1) {
          const i = this.order[k];
          const apart = (this.px[i] - x) ** 2 + (this.py[i] - y) ** 2;
          if (apart < best) [best, found] = [apart, i];
        }
      }
    }
    return found;
  }

  position(i) {
    return [this.px[i], this.py[i]];
  }

  close() {
    window.removeEventListener("pointerup", this.up);
  }
}

// The points as a trace that plotly draws, for a picture to keep.
export function traces(points, left) {
  const used = [];
  const out = [];
  points.rows.forEach((row, i) => (left.has(row) ? out : used).push(i));
  const pick = (values, where) => where.map((i) => values[i]);
  const size = 2 * radius(points.rows.length);
  const marker = { size, color: "@blue", line: { color: "@paper", width: points.rows.length > 1000 ? 0 : 0.8 } };
  if (points.shade) {
    const title = { text: points.shade.label, side: "right", font: { size: 12, color: "@muted" } };
    const bar = { title, thickness: 9, len: 0.9, outlinewidth: 0, tickfont: { size: 11, color: "@muted" }, nticks: 6 };
    Object.assign(marker, { color: pick(points.shade.values, used), colorscale: "@ramp", reversescale: true, showscale: true, colorbar: bar });
  }
  const made = { type: "scatter", mode: "markers", x: pick(points.x, used), y: pick(points.y, used), marker };
  const cross = { size: Math.max(size, 7), symbol: "x-thin", color: "@orange", line: { color: "@orange", width: 1.6 } };
  return [made, { type: "scatter", mode: "markers", x: pick(points.x, out), y: pick(points.y, out), marker: cross, showlegend: false }];
}

function radius(n) {
  if (n <= 300) return 4.5;
  if (n <= 3000) return 3.2;
  return n <= 20_000 ? 2 : 1.3;
}

function shades(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const one of values) {
    if (one < low) low = one;
    if (one > high) high = one;
  }
  const step = (SHADES - 1) / (high - low || 1);
  return Uint8Array.from(values, (one) => (Number.isFinite(one) ? Math.round((one - low) * step) : 0));
}
