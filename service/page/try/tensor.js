// What a model takes, as the page needs to know it: a picture of some size, or numbers.

const MANNER_OF = { fashion_mnist: 'garment', mnist: 'digit', cifar10: 'square' };

/**
 * Return `{height, width, channels, shape, name, dtype, range, takesBytes, manner}` of a model of one picture,
 * null of any other. Flat rows that make a square are taken for a picture.
 */
export function pictureOf(summary) {
  if (summary.inputs.length !== 1) return null;
  const [input] = summary.inputs;
  const shape = input.shape.slice(1);
  const size = sizeOf(shape);
  if (!size) return null;
  const dataset = summary.trained?.dataset?.name;
  const grey = size.channels === 1 ? 'garment' : 'whole';
  return {
    ...size,
    shape,
    name: input.name,
    dtype: input.dtype,
    range: input.range ?? [0, 255],
    isRangeKnown: Boolean(input.range),
    takesBytes: input.range?.[0] === 0 && input.range?.[1] === 255,
    manner: MANNER_OF[dataset] ?? (size.height === 28 && size.width === 28 ? grey : 'whole'),
    dataset,
  };
}

/** Whether it can be said why a model answers as it does: it takes a picture, and not as a flat row. */
export function isExplained(summary) {
  return Boolean(pictureOf(summary)) && summary.inputs[0].shape.length > 2;
}

function sizeOf(shape) {
  if (shape.some((n) => !n)) return null;
  const [height, width, channels = 1] = shape;
  if (shape.length === 1) return flat(shape[0]);
  if (shape.length > 3 || ![1, 3].includes(channels) || height < 4 || width < 4) return null;
  return { height, width, channels };
}

function flat(count) {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(count / channels);
    if (Number.isInteger(side) && side >= 8) return { height: side, width: side, channels };
  }
  return null;
}

/** Return pixels, bytes [height * width * channels], as the numbers that the model takes. */
export function valuesOf(pixels, tensor) {
  if (tensor.takesBytes || !tensor.isRangeKnown) return Array.from(pixels);
  const [low, high] = tensor.range;
  return Array.from(pixels, (value) => Number((low + (value * (high - low)) / 255).toFixed(5)));
}

/** Return a flat list nested in a shape. */
export function nested(values, shape) {
  if (shape.length <= 1) return values;
  const step = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(values.slice(i * step, (i + 1) * step), shape.slice(1)));
}
