// Making a plane small by the mean of what each pixel covers, parts of pixels included.

/**
 * Return a part of a plane at another size: Float32Array [height * width].
 *
 * `box` is `{left, top, width, height}` in pixels of the plane, which is `stride` wide; it may have fractions.
 * Where the target is larger than the box, pixels are repeated.
 */
export function resized(plane, stride, box, width, height) {
  const across = covered(box.left, box.width, width);
  const down = covered(box.top, box.height, height);
  const lines = Math.round(plane.length / stride);
  const made = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let weight = 0;
      for (const [line, share] of down[y]) {
        if (line >= lines) continue;
        for (const [column, part] of across[x]) {
          if (column >= stride) continue;
          sum += plane[line * stride + column] * share * part;
          weight += share * part;
        }
      }
      made[y * width + x] = weight ? sum / weight : 0;
    }
  }
  return made;
}

/** For each of `count` equal parts of a stretch: which pixels it covers, and how much of each. */
function covered(start, length, count) {
  const step = length / count;
  return Array.from({ length: count }, (_, i) => {
    const from = start + i * step;
    const to = from + step;
    const found = [];
    for (let at = Math.floor(from); at < to - 1e-6; at++)
      found.push([at, Math.min(at + 1, to) - Math.max(at, from)]);
    return found;
  });
}

/** Return a plane with its edges sharpened: what a Gaussian of radius and deviation 1 takes away is given back, in part. */
export function sharpened(plane, width, amount) {
  const soft = smoothed(plane, width, [Math.exp(-0.5), 1, Math.exp(-0.5)]);
  return plane.map((value, i) => Math.min(255, Math.max(0, value + amount * (value - soft[i]))));
}

/** Return the mean of what is around each pixel, across and then down, by an odd number of weights. */
export function smoothed(plane, width, weights) {
  const reach = weights.length >> 1;
  const pass = (from, step, length, place) =>
    from.map((_, i) => {
      const at = place(i);
      let sum = 0;
      let weight = 0;
      for (let k = Math.max(-reach, -at); k <= Math.min(reach, length - 1 - at); k++) {
        sum += from[i + k * step] * weights[k + reach];
        weight += weights[k + reach];
      }
      return sum / weight;
    });
  const across = pass(plane, 1, width, (i) => i % width);
  return pass(across, width, plane.length / width, (i) => Math.floor(i / width));
}
