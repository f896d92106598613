// Where a version came from: recipe, data, time and versions, as its metadata state them.

import { el, fine } from './dom.js';
import { counts } from './formats.js';

/** Return the facts of a report, and the whole recipe folded away. */
export function provenance(report, t, lang) {
  const number = counts(lang);
  const date = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' });
  const { recipe, dataset, metrics, history, libraries } = report;
  const seconds = (history.seconds ?? []).reduce((sum, one) => sum + one, 0);
  const rows = dataset && { train: number(dataset.train_rows), validation: number(dataset.validation_rows), test: number(dataset.test_rows) };
  const facts = [
    ['recipe', recipe?.description],
    ['date', report.created_at && date.format(new Date(report.created_at))],
    ['data', dataset && `${dataset.name}: ${t('understand.origin.rows', rows)}`],
    ['epochs', metrics.epochs && t('understand.origin.kept', { epochs: number(metrics.epochs), best: number(metrics.best_epoch) })],
    ['seed', recipe?.seed],
    ['time', seconds ? t('understand.origin.seconds', { seconds: number(Math.round(seconds)) }) : null],
    ['optimizer', recipe?.optimizer && written(recipe.optimizer)],
    ['loss', recipe?.loss && written(recipe.loss)],
    ['libraries', Object.entries(libraries).map(([name, version]) => `${name} ${version}`).join(', ')],
  ].filter(([, value]) => value !== null && value !== undefined && value !== '');
  if (!facts.length) return fine(t('understand.origin.none'));
  return [
    el('dl', { class: 'facts-list' }, facts.map(([name, value]) => el('div', {}, el('dt', t(`understand.origin.${name}`)), el('dd', String(value))))),
    fold(t('understand.origin.recipe.whole'), recipe),
  ];
}

/** `{name: adam, learning_rate: 0.001}` as text. */
function written({ name, ...rest }) {
  const more = Object.entries(rest).filter(([, value]) => typeof value !== 'object').map(([key, value]) => `${key} ${value}`);
  return more.length ? `${name} (${more.join(', ')})` : String(name);
}

function fold(title, value) {
  if (!value || !Object.keys(value).length) return null;
  return el('details', { class: 'numbers' }, el('summary', title), el('pre', { class: 'scroll', tabindex: '0', text: JSON.stringify(value, null, 2) }));
}
