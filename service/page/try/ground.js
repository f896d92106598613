// The ground of a photograph, guessed from its border: a smooth surface for each colour, for light falls unevenly.

const ROUNDS = 6;
const SAMPLES = 900;

/** The ground of a drawing, which is known. */
export const BLACK = { at: () => 4, isLight: false, noise: 0 };

/**
 * Return the ground of a raster: `{at(channel, pixel), isLight, noise}`.
 *
 * `at` gives its brightness, 4 to 255, at the pixel of that number; `noise` how far the border is from it,
 * as a share. What reaches into the border and is no ground is left out of the guess.
 */
export function ground(raster) {
  const border = borderOf(raster);
  const kept = spread(border, SAMPLES);
  const surfaces = [0, 1, 2].map((c) => fitted(raster, kept, c));
  const { width, height } = raster;
  const planes = surfaces.map((weights) => {
    const plane = new Float32Array(width * height);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) plane[i] = Math.min(255, Math.max(4, value(weights, place(x, width), place(y, height))));
    return plane;
  });
  const found = { at: (c, i) => planes[c][i] };
  const middle = median(kept.map((i) => 0.299 * planes[0][i] + 0.587 * planes[1][i] + 0.114 * planes[2][i]));
  found.isLight = middle >= 110;
  found.noise = 1.4826 * median(kept.map((i) => offAt(raster, found, i)));
  return found;
}

/** Return how far each pixel is from the ground, as a share of its brightness: a plane. */
export function shareOff(raster, found) {
  const plane = new Float32Array(raster.width * raster.height);
  for (let i = 0; i < plane.length; i++) plane[i] = offAt(raster, found, i);
  plane.noise = found.noise;
  return plane;
}

function offAt(raster, found, i) {
  let most = 0;
  for (let c = 0; c < 3; c++) {
    const base = found.at(c, i);
    most = Math.max(most, Math.abs(raster.data[i * 4 + c] - base) / Math.max(base, 64));
  }
  return most;
}

/** The pixels of the border, some lines deep. */
function borderOf({ width, height }) {
  const deep = Math.max(1, Math.round(Math.min(width, height) * 0.03));
  const found = [];
  for (let y = 0; y < height; y++) {
    const inner = y >= deep && y < height - deep;
    for (let x = 0; x < width; x++) {
      if (inner && x === deep) x = Math.max(deep, width - deep);
      found.push(y * width + x);
    }
  }
  return found;
}

function spread(list, most) {
  const step = Math.max(1, list.length / most);
  const found = [];
  for (let at = 0; at < list.length; at += step) found.push(list[Math.floor(at)]);
  return found;
}

/** Least squares of a quadratic surface, again and again without what is far off it. */
function fitted(raster, pixels, c) {
  const { width, height, data } = raster;
  const points = pixels.map((i) => [place(i % width, width), place(Math.floor(i / width), height), data[i * 4 + c]]);
  const middle = median(points.map((point) => point[2]));
  let weights = [middle, 0, 0, 0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const off = points.map(([x, y, z]) => Math.abs(z - value(weights, x, y)));
    // The first round has a level only, so light may be far off it.
    const limit = round ? Math.max(2.5 * 1.4826 * median(off), 3) : Math.max(3 * median(off), 40);
    const kept = points.filter((_, i) => off[i] <= limit);
    if (kept.length < 30) break;
    weights = solved(kept);
  }
  return weights;
}

/** -1 at one border, 1 at the other: the equations stay well conditioned. */
function place(at, length) {
  return length > 1 ? (2 * at) / (length - 1) - 1 : 0;
}

function terms(x, y) {
  return [1, x, y, x * x, x * y, y * y];
}

function value(weights, x, y) {
  return weights[0] + weights[1] * x + weights[2] * y + weights[3] * x * x + weights[4] * x * y + weights[5] * y * y;
}

/** The normal equations, by Gauss; next to no weight against slopes keeps them solvable whatever the points. */
function solved(points) {
  const size = 6;
  const rows = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (const [x, y, z] of points) {
    const t = terms(x, y);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) rows[i][j] += t[i] * t[j];
      rows[i][size] += t[i] * z;
    }
  }
  for (let i = 1; i < size; i++) rows[i][i] += 1e-7 * points.length;
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let k = i + 1; k < size; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[best][i])) best = k;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let k = 0; k < size; k++) {
      if (k === i || !rows[i][i]) continue;
      const factor = rows[k][i] / rows[i][i];
      for (let j = i; j <= size; j++) rows[k][j] -= factor * rows[i][j];
    }
  }
  return rows.map((row, i) => (row[i] ? row[size] / row[i] : 0));
}

function median(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[sorted.length >> 1] : 0;
}
