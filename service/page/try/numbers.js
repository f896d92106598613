// Try, for a model that takes no picture: rows as JSON, with an example of the right form.

import { ApiError } from '../api.js';
import { askText } from './ask.js';
import { Answer } from './bars.js';
import { Calls } from './calls_view.js';
import { el, fill, fine } from '../dom.js';

// What was written, by the path of the version.
const kept = new Map();

/** Mount; see app.js. */
export function mountNumbers(root, context) {
  const { t, model } = context;
  const text = el('textarea', { id: 'rows', rows: '10', spellcheck: 'false', class: 'mono' });
  text.value = kept.get(model.path) ?? JSON.stringify({ instances: [exampleOf(model.summary.inputs)] }, null, 1);
  const send = el('button', { class: 'main', text: t('try.send') });
  const answer = el('section', { class: 'card answer', 'aria-label': t('try.answer') });
  const calls = el('section', { class: 'card calls', 'aria-label': t('try.calls') });
  fill(
    root,
    el('div', { class: 'columns two' },
      el('section', { class: 'card stage', 'aria-label': t('try.rows') },
        el('h2', {}, el('label', { for: text.id, text: t('try.rows') })),
        fine(t('try.rows.about')),
        text,
        el('div', { class: 'row' }, send),
      ),
      answer,
    ),
    calls,
  );
  const shown = new Answer(answer, context, false);
  const code = new Calls(calls, context);

  async function ask() {
    kept.set(model.path, text.value);
    try {
      const answered = await askText(context, text.value);
      shown.show(answered, null);
      showCalls();
    } catch (error) {
      if (error.name !== 'AbortError') shown.fail(error, context.failed);
      if (!(error instanceof ApiError) && error.name !== 'AbortError') throw error;
    }
  }

  function showCalls() {
    const { instances } = JSON.parse(text.value);
    const [input] = model.summary.inputs;
    code.show({ model, instance: Array.isArray(instances) ? instances[0] : instances, shape: input.shape.slice(1), input });
  }

  send.addEventListener('click', ask);
  text.addEventListener('keydown', (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && ask());
  ask();
  return { unmount: () => kept.set(model.path, text.value) };
}

/** One row of zeros, or an object of them by input; lengths that are free are one. */
export function exampleOf(inputs) {
  const zeros = ([length, ...rest]) => (length === undefined ? 0 : Array.from({ length: length ?? 1 }, () => zeros(rest)));
  const rows = inputs.map((input) => [input.name, zeros(input.shape.slice(1))]);
  return rows.length === 1 ? rows[0][1] : Object.fromEntries(rows);
}
