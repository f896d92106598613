// What a version is, how it came to be, what it gets wrong, and why it answers as it does.

import { drawCalibration, drawLines, legend, numbers, plot } from './chart.js';
import { classTable } from './classes.js';
import { button, el, fill, fine } from './dom.js';
import { Explain } from './explain.js';
import { counts, measures, shares } from './formats.js';
import { gallery } from './gallery.js';
import { layersOf } from './layers.js';
import { matrix } from './matrix.js';
import { held } from './picture.js';
import { provenance } from './provenance.js';
import { isExplained } from './try/tensor.js';

export const styles = ['panels.css'];

/** Mount the part; see app.js. */
export function mount(root, context) {
  const { t, lang, model } = context;
  const explain = new Explain(context);
  const why = card('why', t('understand.why'), t('understand.why.lead'), explain.root);
  const samples = el('div', { class: 'samples' });
  why.append(samples);
  const rest = el('div', { class: 'stack' });
  root.append(
    el('div', { class: 'stack' },
      card('layers', t('understand.layers'), t('understand.layers.lead'), layersOf(model.summary, t, lang)),
      isExplained(model.summary) ? why : null,
      rest,
    ),
  );
  fill_in(context, explain, why, samples, rest).catch((error) => {
    context.failed(rest, error);
  });
  return { unmount() {} };
}

async function fill_in(context, explain, why, samples, rest) {
  const { api, t, lang, model, signal } = context;
  const report = await api.get(`${model.path}/report`, { signal });
  const names = report.class_names;
  const ask = async (query) => (report.images ? (await api.get(`${model.path}/report/images?${query}`, { signal })).images : []);
  const pick = (image) => {
    explain.show(image.pixels, t('understand.why.test', { index: image.index }));
    why.scrollIntoView({ block: 'start', behavior: 'smooth' });
    why.querySelector('h2').focus({ preventScroll: true });
  };
  const pictures = (images) => gallery(images, { names, pick, t, lang });
  const shown = report.evaluation;
  fill(
    rest,
    curves(report, context),
    shown?.confusion_matrix ? confusion(shown, names, ask, pictures, context) : null,
    shown?.calibration || shown?.per_class
      ? el('div', { class: 'two' }, shown.calibration ? calibration(shown, context) : null, shown.per_class ? byClass(shown, context) : null)
      : null,
    report.images ? mistakes(shown, ask, pictures, context) : null,
    card('origin', t('understand.origin'), null, provenance(report, t, lang)),
    report.notes.map((note) => el('p', { class: 'fine note', text: note })),
  );
  if (why.isConnected) await startWith(context, explain, samples, report, ask);
}

/** Explain something at once: what Try asked about, else a test image, else the picture of the documentation. */
async function startWith({ api, t, lang, model, signal }, explain, samples, report, ask) {
  const { class_names: names, images } = report;
  const shape = model.summary.inputs[0].shape.slice(1);
  const test = (image) => explain.show(image.pixels, t('understand.why.test', { index: image.index }));
  let first = null;
  if (images && names) {
    const right = await ask('wrong=false&limit=100');
    const one = names.map((_, i) => typical(right.filter((image) => image.true === i))).filter(Boolean).slice(0, 10);
    const shots = [...one, ...(await ask('wrong=true&limit=4'))];
    fill(samples, el('h3', t('understand.samples')), gallery(shots, { names, pick: test, t, lang }));
    first = () => test(typical(shots));
  } else if (images) {
    const [image] = await ask('limit=1');
    first = () => test(image);
  } else if (shape.join() === '28,28') {
    const { instances } = await api.get('docs/examples/boot.json', { signal });
    first = () => explain.show(instances, t('understand.why.example'));
  }
  const tried = held(shape);
  if (tried) {
    first = () => explain.show(tried, t('understand.why.held'));
    samples.prepend(button(t('understand.sample.held'), first));
  }
  if (first) await first();
  else explain.about.textContent = t('understand.why.none');
}

/** Of some images the one that has something to explain: its answer is neither certain nor doubtful. */
function typical(images) {
  return images.reduce((best, one) => (!best || Math.abs(one.probability - 0.9) < Math.abs(best.probability - 0.9) ? one : best), null);
}

function card(name, title, lead, ...children) {
  return el('section', { class: `card at-${name}` }, el('h2', { text: title, tabindex: '-1' }), lead ? fine(lead) : null, children);
}

function curves(report, { t, lang, signal }) {
  const { history, metrics } = report;
  const pairs = ['loss', ...Object.keys(history).filter((name) => history[`val_${name}`] && name !== 'loss')].filter((name) => history[name]);
  if (!pairs.length) return null;
  const epochs = history.loss.map((_, i) => i + 1);
  const plain = measures(lang, 4);
  const short = measures(lang, 2);
  const figures = pairs.map((name) => {
    const series = [{ name: t('understand.training'), values: history[name], kind: 'one' }];
    if (history[`val_${name}`]) series.push({ name: t('understand.validation'), values: history[`val_${name}`], kind: 'two' });
    const key = `understand.figure.${name}`;
    const title = t(key) === key ? name.replaceAll('_', ' ') : t(key);
    const spec = {
      series,
      xs: epochs,
      whole: true,
      xTitle: t('understand.epoch'),
      yText: (value, exact) => (exact ? plain : short)(value),
      mark: metrics.best_epoch,
      markText: t('understand.kept', { epoch: metrics.best_epoch }),
      label: t('understand.curve.label', { name: title, first: plain(history[name][0]), last: plain(history[name].at(-1)), epochs: epochs.length }),
    };
    return el('figure', {}, el('figcaption', {}, el('h3', title), legend(series)), plot(drawLines, spec, signal).frame);
  });
  const columns = pairs.flatMap((name) => [name, `val_${name}`]).filter((name) => history[name]);
  return card(
    'curves',
    t('understand.curves'),
    null,
    el('div', { class: 'two' }, figures),
    numbers(t('understand.table'), [t('understand.epoch'), ...columns], epochs.map((epoch, i) => [String(epoch), ...columns.map((name) => plain(history[name][i]))]), t('understand.curves')),
  );
}

function confusion(shown, names, ask, pictures, { t, lang, failed }) {
  const heading = el('h3', t('understand.cell.none'));
  const behind = el('div');
  const panel = el('div', { class: 'behind', 'aria-live': 'polite' }, heading, behind);
  const labels = names ?? shown.confusion_matrix.map((_, i) => String(i));
  let turn = 0;
  const open = async (i, j) => {
    const mine = ++turn;
    const count = shown.confusion_matrix[i][j];
    try {
      const found = count ? await ask(`true=${i}&predicted=${j}&limit=24`) : [];
      if (mine !== turn) return; // another cell was chosen meanwhile
      heading.textContent = t(i === j ? 'panels.cell.right' : 'panels.cell', { true: labels[i], predicted: labels[j], count: counts(lang)(count) });
      const text = found.length ? t(i === j ? 'understand.cell.right' : 'understand.cell.wrong', { shown: found.length }) : t('understand.cell.empty');
      fill(behind, el('p', { class: 'fine', text }), found.length ? pictures(found) : null);
    } catch (error) {
      failed(behind, error);
    }
  };
  const [i, j] = worst(shown.confusion_matrix);
  open(i, j);
  return card(
    'matrix',
    t('understand.matrix'),
    t('understand.matrix.lead'),
    el('div', { class: 'beside' }, matrix({ counts: shown.confusion_matrix, names: labels, open, chosen: [i, j], t, lang }), panel),
  );
}

/** Where most images are classified wrongly. */
function worst(counts) {
  const cells = counts.flatMap((row, i) => row.map((count, j) => [count, i, j])).filter(([, i, j]) => i !== j);
  const [, i, j] = cells.reduce((most, one) => (one[0] > most[0] ? one : most), [-1, 0, 0]);
  return [i, j];
}

function calibration(shown, { t, lang, signal }) {
  const percent = shares(lang);
  const whole = new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: 0 });
  const error = measures(lang, 2)(shown.expected_calibration_error);
  const filled = shown.calibration.filter((bar) => bar.rows);
  const label = t('understand.calibration.label', { error });
  const spec = { bars: shown.calibration, text: (value) => whole.format(value), label, xTitle: t('understand.confidence') };
  return card(
    'calibration',
    t('understand.calibration'),
    t('understand.calibration.lead', { error }),
    plot(drawCalibration, spec, signal).frame,
    numbers(
      t('understand.table'),
      [t('understand.confidence'), t('understand.confidence.mean'), t('understand.accuracy'), t('panels.support')],
      filled.map((bar) => [`${whole.format(bar.lower)}–${whole.format(bar.upper)}`, percent(bar.confidence), percent(bar.accuracy), counts(lang)(bar.rows)]),
      t('understand.calibration'),
    ),
  );
}

function byClass(shown, { t, lang }) {
  return card('classes', t('panels.classes'), t('understand.classes.lead'), classTable({ classes: shown.per_class, t, lang }));
}

function mistakes(shown, ask, pictures, { t, lang, failed }) {
  const list = el('div');
  const more = button(t('understand.more'), () => show(100));
  const show = async (limit) => {
    try {
      const found = await ask(`wrong=true&limit=${limit}`);
      fill(list, pictures(found));
      more.hidden = limit === 100 || found.length < limit;
    } catch (error) {
      failed(list, error);
    }
  };
  show(18);
  const wrong = shown?.wrong ?? null;
  const lead = wrong === null ? t('understand.deviations.lead') : t('understand.mistakes.lead', { wrong: counts(lang)(wrong), rows: counts(lang)(shown.rows) });
  return card('mistakes', t(wrong === null ? 'understand.deviations' : 'understand.mistakes'), lead, list, more);
}
