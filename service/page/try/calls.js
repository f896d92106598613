// The call that was just made, as code to be pasted: each protocol, each of three languages.
// Pure texts here; calls_view.js shows them.

import { nested, valuesOf } from './tensor.js';

export const PROTOCOLS = ['native', 'v1', 'v2'];
export const TOOLS = ['curl', 'Python', 'JavaScript'];

const DATATYPES = { uint8: 'UINT8', float16: 'FP16', float32: 'FP32', float64: 'FP64', int32: 'INT32', int64: 'INT64' };

/**
 * Return `{path, body}` of a question in a protocol; the body is a JSON text.
 *
 * `asked` is `{model, instance, shape, input}`: the chosen version, one row as nested lists, its shape, and
 * `{name, dtype}` of the model's input. Models of several inputs are asked natively and by /v1.
 */
export function question(protocol, { model, instance, shape, input }) {
  const name = encodeURIComponent(model.name);
  const rows = laidOut(instance);
  if (protocol === 'v1') return { path: `v1/models/${name}/versions/${model.version}:predict`, body: `{"instances": [${rows}]}` };
  if (protocol === 'v2') {
    const datatype = DATATYPES[input.dtype] ?? 'FP32';
    const tensor = `{"name": ${JSON.stringify(input.name)}, "shape": ${JSON.stringify([1, ...shape])}, "datatype": "${datatype}", "data": [${rows}]}`;
    return { path: `v2/models/${name}/versions/${model.version}/infer`, body: `{"inputs": [${tensor}]}` };
  }
  return { path: `${model.path}/predict`, body: `{"instances": [${rows}]}` };
}

/** Return one picture's row for `question`: the numbers that the model takes, in its shape. */
export function instanceOf(pixels, tensor) {
  return nested(valuesOf(pixels, tensor), tensor.shape);
}

/** Return the code of a call. `hasKey`: whether it needs a key, which comes from the environment of who runs it. */
export function code(tool, url, body, hasKey) {
  return { curl, Python, JavaScript }[tool](url, body, hasKey);
}

function curl(url, body, hasKey) {
  const key = hasKey ? ` \\\n  -H "authorization: Bearer $MODISTE_KEY"` : '';
  return `curl -s '${url.replaceAll("'", '%27')}' \\\n  -H 'content-type: application/json'${key} \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
}

function Python(url, body, hasKey) {
  const key = hasKey ? '\n    headers={"authorization": f"Bearer {os.environ[\'MODISTE_KEY\']}"},' : '';
  return `${hasKey ? 'import os\n\n' : ''}import httpx

answer = httpx.post(
    ${JSON.stringify(url)},${key}
    json=${indented(body, 4)},
)
print(answer.json())`;
}

function JavaScript(url, body, hasKey) {
  const key = hasKey ? '\n    authorization: `Bearer ${process.env.MODISTE_KEY}`,' : '';
  return `const answer = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',${key}
  },
  body: JSON.stringify(${indented(body, 2)}),
});
console.log(await answer.json());`;
}

function indented(text, spaces) {
  return text.replaceAll('\n', `\n${' '.repeat(spaces)}`);
}

/** Write nested lists with a line of the picture to a line, so that one sees it in its numbers. */
function laidOut(value) {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return JSON.stringify(value);
  const widest = Math.max(...value.flat(9).map((one) => String(one).length));
  const line = (row) => (Array.isArray(row[0]) ? `[${row.map(line).join(', ')}]` : `[${row.map((one) => String(one).padStart(widest)).join(', ')}]`);
  return `[\n${value.map((row) => `  ${line(row)}`).join(',\n')}\n]`;
}
