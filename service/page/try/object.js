// Where the object is in a picture: what is not ground, without specks.

import { smoothed } from './resize.js';

const LEAST_OFF = 0.05; // "within 5 %" of the corner is ground: so Fashion-MNIST was trimmed
const NOISES = 4;
const OF_BETWEEN = 0.4; // of the way to the object: leaves most of a soft shadow out

/**
 * Return `{mask, box, isEmpty}` from how far each pixel is from the ground.
 *
 * `mask`: Uint8Array, 1 where the object is, and one pixel around it; `box`: `{left, top, width, height}`.
 * A picture of nothing is its own object; `isEmpty` says so.
 */
export function objectIn(off, width, height) {
  const soft = smoothed(off, width, Array(2 * Math.max(1, Math.round(Math.max(width, height) / 224)) + 1).fill(1));
  const between = otsu(soft);
  const low = Math.max(LEAST_OFF, NOISES * (off.noise / 2), between * OF_BETWEEN);
  const sure = Math.max(low * 1.5, between * 0.75);
  const { labels, parts } = components(soft, width, height, low, sure);
  const largest = Math.max(0, ...parts.map((part) => part.area));
  // A sandal is many parts; dust is small beside it.
  const kept = parts.map((part) => part.sure && part.area >= Math.max(3, 0.015 * largest));
  const mask = new Uint8Array(off.length);
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (!labels[i] || !kept[labels[i] - 1]) continue;
      mask[i] = 1;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  if (right < 0) return { mask: mask.fill(1), box: { left: 0, top: 0, width, height }, isEmpty: true };
  return { mask, box: { left, top, width: right - left + 1, height: bottom - top + 1 }, isEmpty: false };
}

/** The threshold that parts the values into two kinds best (Otsu 1979). */
function otsu(plane) {
  const bins = new Float64Array(128);
  for (const value of plane) bins[Math.min(127, Math.floor(value * 128))]++;
  const sum = bins.reduce((all, count, i) => all + count * i, 0);
  let [below, sumBelow, best, threshold] = [0, 0, 0, 0];
  for (let i = 0; i < 127; i++) {
    below += bins[i];
    sumBelow += bins[i] * i;
    const above = plane.length - below;
    if (!below || !above) continue;
    const between = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (between > best) [best, threshold] = [between, (i + 1) / 128];
  }
  return threshold;
}

/** Number the connected parts above `low`; a part is sure where a pixel of it is above `sure`. */
function components(plane, width, height, low, sure) {
  const labels = new Int32Array(plane.length);
  const parts = [];
  const stack = [];
  const visit = (i) => {
    if (labels[i] || plane[i] < low) return;
    labels[i] = parts.length;
    stack.push(i);
  };
  for (let start = 0; start < plane.length; start++) {
    if (labels[start] || plane[start] < low) continue;
    const part = { area: 0, sure: false };
    parts.push(part);
    visit(start);
    while (stack.length) {
      const i = stack.pop();
      part.area++;
      part.sure ||= plane[i] >= sure;
      const x = i % width;
      if (x) visit(i - 1);
      if (x < width - 1) visit(i + 1);
      if (i >= width) visit(i - width);
      if (i < plane.length - width) visit(i + width);
    }
  }
  return { labels, parts };
}
