// How good a version is on a data set of the server, or on an .npz of the reader's own.

import { classTable } from './classes.js';
import { el, field, fill } from './dom.js';
import { matrix } from './matrix.js';

export const styles = ['panels.css'];

const KNOWN = ['fashion_mnist', 'mnist', 'cifar10'];

/** Mount the part; see app.js. */
export function mount(root, context) {
  const { t, model } = context;
  const trained = model.summary.trained?.dataset?.name;
  const name = el('input', { id: 'evaluate-name', list: 'evaluate-names', autocomplete: 'off', spellcheck: 'false', required: true });
  name.value = KNOWN.includes(trained) ? trained : KNOWN[0];
  const split = el('select', { id: 'evaluate-split' }, ['test', 'train'].map((one) => el('option', { value: one, text: t(`evaluate.split.${one}`) })));
  const limit = el('input', { id: 'evaluate-limit', type: 'number', min: '1', step: '1', inputmode: 'numeric', placeholder: t('evaluate.limit.all') });
  const file = el('input', { id: 'evaluate-file', type: 'file', accept: '.npz' });
  const start = el('button', { type: 'submit', class: 'main', text: t('evaluate.start') });
  const stop = el('button', { type: 'button', text: t('evaluate.cancel'), hidden: true });
  const said = el('p', { class: 'fine', role: 'status' });
  const answer = el('div', { class: 'stack' });
  const drop = el('div', { class: 'drop' }, field(t('evaluate.file'), file), el('p', { class: 'fine', text: t('evaluate.file.lead') }));
  const form = el(
    'form',
    { novalidate: true },
    el(
      'div',
      { class: 'controls' },
      field(t('evaluate.name'), name),
      el('datalist', { id: 'evaluate-names' }, KNOWN.map((one) => el('option', { value: one }))),
      field(t('evaluate.split'), split),
      field(t('evaluate.limit'), limit),
    ),
    drop,
    el('div', { class: 'row' }, start, stop, said),
  );
  root.append(el('div', { class: 'stack' }, el('section', { class: 'card' }, el('h2', { text: t('evaluate.title') }), el('p', { class: 'fine', text: t('evaluate.lead') }), form), answer));
  const run = new Run(context, answer, said, (busy) => {
    start.disabled = busy;
    stop.hidden = !busy;
  });
  const go = () => {
    if (file.files.length) return run.start({ body: file.files[0], headers: { 'content-type': 'application/x-npz' } });
    const json = { dataset: name.value.trim(), split: split.value };
    if (limit.value) json.limit = Number(limit.value);
    return run.start({ json });
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go();
  });
  stop.addEventListener('click', () => run.cancel());
  // A file chosen, then a name typed: the name is meant.
  name.addEventListener('input', () => (file.value = ''));
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', kind === 'dragover');
      if (kind !== 'drop' || !event.dataTransfer.files.length) return;
      file.files = event.dataTransfer.files;
      go();
    });
  }
  return { unmount: () => run.cancel() };
}

/** One evaluation at a time: asked, followed line by line, shown. */
class Run {
  constructor(context, root, said, busy) {
    Object.assign(this, { context, root, said, busy, under: null });
  }

  async start(options) {
    this.cancel();
    const { api, t, model, failed } = this.context;
    const mine = (this.under = new AbortController());
    const bar = el('progress', { max: '1', value: '0', 'aria-label': t('evaluate.progress') });
    const count = el('p', { class: 'fine num' });
    fill(this.root, el('div', { class: 'card under-way' }, bar, count));
    this.said.textContent = t('evaluate.waiting');
    this.busy(true);
    try {
      const headers = { ...options.headers, accept: 'application/x-ndjson' };
      const response = await api.call(`${model.path}/evaluate`, { method: 'POST', ...options, headers, signal: mine.signal });
      for await (const line of lines(response.body)) {
        if (line.progress) this.progress(bar, count, line.progress);
        else if (line.error) throw Object.assign(new Error(line.error.message), line.error);
        else this.show(line.result);
      }
    } catch (error) {
      if (mine.signal.aborted) {
        if (this.under === mine) this.end(t('evaluate.cancelled'));
      } else {
        this.end('');
        failed(this.root, error);
      }
    } finally {
      if (this.under === mine) this.busy(false);
    }
  }

  show(found) {
    this.end(this.context.t('evaluate.ready'));
    fill(this.root, result(found, this.context));
  }

  end(text) {
    fill(this.root);
    this.said.textContent = text;
  }

  progress(bar, count, { done, total }) {
    const number = new Intl.NumberFormat(this.context.lang);
    bar.max = total;
    bar.value = done;
    count.textContent = this.context.t('evaluate.done', { done: number.format(done), total: number.format(total) });
  }

  cancel() {
    this.under?.abort();
  }
}

/** Give the JSON of each line of a stream. */
async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split('\n');
    rest = parts.pop();
    yield* parts.filter(Boolean).map((part) => JSON.parse(part));
  }
  if (rest) yield JSON.parse(rest);
}

function result(found, { t, lang, model }) {
  const percent = new Intl.NumberFormat(lang, { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const plain = new Intl.NumberFormat(lang, { maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat(lang);
  const figures = [
    ['count', found.count, whole],
    ['accuracy', found.accuracy, percent],
    ['loss', found.loss, plain],
    ['regularization', found.regularization_loss || null, plain],
    ['calibration', found.expected_calibration_error, plain],
    ['mae', found.mean_absolute_error, plain],
    ['mse', found.mean_squared_error, plain],
  ].filter(([, value]) => typeof value === 'number');
  const names = model.summary.class_names ?? found.per_class?.map((one) => String(one.class));
  const classes = found.per_class?.map((one) => ({ ...one, label: one.label ?? String(one.class) }));
  return [
    el(
      'section',
      { class: 'card at-figures' },
      el('h2', { text: t('evaluate.result') }),
      el('dl', { class: 'figures' }, figures.map(([name, value, format]) => el('div', {}, el('dt', { text: t(`evaluate.${name}`) }), el('dd', { text: format.format(value) })))),
      el('p', { class: 'fine', text: t('evaluate.of', { model: found.model, version: found.version }) }),
    ),
    el(
      'div',
      { class: 'two' },
      found.confusion_matrix ? el('section', { class: 'card' }, el('h2', { text: t('panels.matrix') }), matrix({ counts: found.confusion_matrix, names, open: null, t, lang })) : null,
      classes ? el('section', { class: 'card' }, el('h2', { text: t('panels.classes') }), classTable({ classes, t, lang })) : null,
    ),
  ];
}
