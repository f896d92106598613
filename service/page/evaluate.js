// How good a version is on a data set of the server, or on an .npz of the reader's own.

import { classTable } from './classes.js';
import { el, field, fill, fine } from './dom.js';
import { counts, measures, shares } from './formats.js';
import { matrix } from './matrix.js';
import { pictureOf } from './try/tensor.js';

export const styles = ['panels.css'];

const KNOWN = ['fashion_mnist', 'mnist', 'cifar10'];
const FITTING = { '28,28,1': KNOWN[0], '32,32,3': KNOWN[2] };

/** Mount the part; see app.js. */
export function mount(root, context) {
  const { t, model } = context;
  const picture = pictureOf(model.summary);
  const name = el('input', { id: 'evaluate-name', list: 'evaluate-names', autocomplete: 'off', spellcheck: 'false', required: true });
  name.value = KNOWN.find((one) => one === picture?.dataset) ?? FITTING[[picture?.height, picture?.width, picture?.channels]] ?? '';
  const split = el('select', { id: 'evaluate-split' }, ['test', 'train'].map((one) => el('option', { value: one, text: t(`evaluate.split.${one}`) })));
  const limit = el('input', { id: 'evaluate-limit', type: 'number', min: '1', step: '1', inputmode: 'numeric', placeholder: t('evaluate.limit.all') });
  const file = el('input', { id: 'evaluate-file', type: 'file', accept: '.npz' });
  const remove = el('button', { text: t('evaluate.file.remove'), hidden: true });
  const start = el('button', { type: 'submit', class: 'main', text: t('evaluate.start') });
  const stop = el('button', { text: t('evaluate.cancel'), hidden: true });
  const said = el('p', { class: 'fine', role: 'status' });
  const answer = el('div', { class: 'stack' });
  const drop = el('div', { class: 'drop' }, field(t('evaluate.file'), file), remove, fine(t('evaluate.file.lead')));
  const form = el('form', {},
    el('div', { class: 'controls' },
      field(t('evaluate.name'), name),
      el('datalist', { id: 'evaluate-names' }, KNOWN.map((one) => el('option', { value: one }))),
      field(t('evaluate.split'), split),
      field(t('evaluate.limit'), limit),
    ),
    drop,
    el('div', { class: 'row' }, start, stop, said),
  );
  root.append(el('div', { class: 'stack' }, el('section', { class: 'card' }, el('h2', t('evaluate.title')), fine(t('evaluate.lead')), form), answer));
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
  /** Show what is meant now, a file or a data set; what was found of another is no longer. */
  const turn = () => {
    const isFile = Boolean(file.files.length);
    name.disabled = split.disabled = limit.disabled = isFile;
    remove.hidden = !isFile;
    if (stop.hidden) run.end('');
  };
  form.addEventListener('input', turn);
  remove.addEventListener('click', () => {
    file.value = '';
    turn();
    file.focus();
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', kind === 'dragover');
      if (kind !== 'drop' || !event.dataTransfer.files.length) return;
      file.files = event.dataTransfer.files;
      turn();
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
    const number = counts(this.context.lang);
    bar.max = total;
    bar.value = done;
    count.textContent = this.context.t('evaluate.done', { done: number(done), total: number(total) });
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
  const plain = measures(lang, 4);
  const figures = [
    ['count', found.count, counts(lang)],
    ['accuracy', found.accuracy, shares(lang)],
    ['loss', found.loss, plain],
    ['regularization', found.regularization_loss || null, plain],
    ['calibration', found.expected_calibration_error, plain],
    ['mae', found.mean_absolute_error, plain],
    ['mse', found.mean_squared_error, plain],
  ].filter(([, value]) => typeof value === 'number');
  const names = model.summary.class_names ?? found.per_class?.map((one) => String(one.class));
  const classes = found.per_class?.map((one) => ({ ...one, label: one.label ?? String(one.class) }));
  return [
    el('section', { class: 'card at-figures' },
      el('h2', t('evaluate.result')),
      el('dl', { class: 'figures' }, figures.map(([name, value, format]) => el('div', {}, el('dt', t(`evaluate.${name}`)), el('dd', format(value))))),
      fine(t('evaluate.of', { model: found.model, version: found.version })),
    ),
    el('div', { class: 'two' },
      found.confusion_matrix ? el('section', { class: 'card' }, el('h2', t('panels.matrix')), matrix({ counts: found.confusion_matrix, names, open: null, t, lang })) : null,
      classes ? el('section', { class: 'card' }, el('h2', t('panels.classes')), classTable({ classes, t, lang })) : null,
    ),
  ];
}
