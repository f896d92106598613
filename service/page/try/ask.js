// One question to a version, and its answer with where the time went.

import { nested, valuesOf } from './tensor.js';

/**
 * Ask for a picture, bytes [height * width * channels].
 *
 * Returns `{predictions, warnings, timing}`; timing in milliseconds: `total` as the page sees it, and `decode`, `queue`,
 * `compute`, `encode` as the server does.
 */
export function askPicture(context, tensor, pixels) {
  const path = `${context.model.path}/predict`;
  if (tensor.takesBytes) {
    return ask(context, path, { body: Uint8Array.from(pixels), headers: { 'content-type': 'application/octet-stream' } });
  }
  return ask(context, path, { body: JSON.stringify({ instances: [nested(valuesOf(pixels, tensor), tensor.shape)] }) });
}

/** Ask with a JSON text as it is. */
export function askText(context, body) {
  return ask(context, `${context.model.path}/predict`, { body });
}

async function ask({ api, signal }, path, { body, headers = {} }) {
  const sent = performance.now();
  const response = await api.call(path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'x-timing': '1', ...headers },
    signal,
  });
  const { predictions, warnings = [] } = await response.json();
  const total = performance.now() - sent;
  return { predictions, warnings, timing: { total, ...timesOf(response.headers.get('server-timing')) } };
}

/** Read a `Server-Timing` header: milliseconds by name. */
export function timesOf(header) {
  const found = {};
  for (const [, name, ms] of (header ?? '').matchAll(/([a-z]+);dur=([0-9.]+)/g)) found[name] = Number(ms);
  return found;
}

/**
 * Return what a prediction says, of whatever head: `{groups, best}`.
 *
 * A group is `{name, bars: [{label, share}], value}`: one of each output, with bars for classes and a value for a
 * number. `best` is `{label, share}` of a model of one classifier, else null.
 */
export function meaningOf(prediction, classNames) {
  if (prediction.outputs) {
    const groups = Object.entries(prediction.outputs).map(([name, one]) => ({ ...meaningOf(one, null).groups[0], name }));
    return { groups, best: null };
  }
  if (prediction.labels) {
    const bars = prediction.labels.map((one) => ({ label: one.label ?? String(one.class), share: one.probability }));
    return { groups: [{ name: null, bars, value: null }], best: null };
  }
  if (prediction.probabilities) {
    const bars = prediction.probabilities.map((share, i) => ({ label: classNames?.[i] ?? String(i), share }));
    const best = { label: prediction.label ?? String(prediction.class), share: prediction.probability, at: prediction.class };
    return { groups: [{ name: null, bars, value: null }], best };
  }
  return { groups: [{ name: null, bars: [], value: prediction.value }], best: null };
}
