// The head of the page: which model is chosen and what it is, the language, the theme, the key.

import { el, fill } from './dom.js';
import { counts, shares } from './formats.js';
import { LANGUAGES } from './i18n.js';
import { ready } from './models.js';
import { choices } from './storage.js';

const THEMES = ['auto', 'light', 'dark'];

/** Fill the list of models. An option's value is its place in `offers`, which is returned: `{name, version}`. */
export function listModels(select, models, chosen, t) {
  const offers = [];
  const groups = models.map((model) => {
    const versions = [...model.versions].sort((a, b) => b.version - a.version);
    return el('optgroup', { label: model.default ? t('shell.default', { name: model.display_name }) : model.display_name },
      versions.map((one) => {
        offers.push({ name: model.name, version: one.version });
        const labels = one.labels.length ? ` (${one.labels.join(', ')})` : '';
        const state = one.state === 'ready' ? '' : `: ${t(`shell.state.${one.state}`)}`;
        return el('option', {
          value: String(offers.length - 1),
          selected: chosen?.name === model.name && chosen.version === one.version,
          disabled: !ready(model).includes(one),
          text: `${model.display_name} ${t('shell.version', { version: one.version })}${labels}${state}`,
        });
      }),
    );
  });
  fill(select, groups);
  select.disabled = !offers.length;
  return offers;
}

/** Return what is worth knowing of a model at a glance: a list of texts. */
export function factsOf(summary, lang, t) {
  const number = counts(lang);
  const shape = (tensor) => tensor.shape.slice(1).map((n) => (n ? number(n) : '?')).join(' × ') || '1';
  const accuracy = summary.trained?.metrics?.test_accuracy;
  return [
    t('shell.takes', { shape: summary.inputs.map(shape).join(', ') }),
    summary.class_names ? t('shell.classes', { count: number(summary.class_names.length) }) : null,
    t('shell.parameters', { count: number(summary.totals.parameters) }),
    typeof accuracy === 'number' ? t('shell.accuracy', { share: shares(lang)(accuracy) }) : null,
    t(summary.engine === 'onnx' ? 'shell.engine.onnx' : 'shell.engine.keras'),
  ].filter(Boolean);
}

/** Say what is chosen. */
export function showTitle(title, facts, model, lang, t) {
  fill(title, model.display_name, ' ', el('small', t('shell.version', { version: model.version })));
  fill(facts, factsOf(model.summary, lang, t).map((text) => el('li', { text })));
}

/** Write on the buttons what they do. */
export function showTools({ language, theme, key }, lang, hasKey, t) {
  const other = Object.keys(LANGUAGES).find((one) => one !== lang);
  fill(language, el('span', { lang: other, text: LANGUAGES[other] }));
  language.dataset.to = other;
  const now = choices.get('theme') ?? 'auto';
  theme.textContent = t(`shell.theme.${now}`);
  theme.setAttribute('aria-label', t('shell.theme.label', { theme: t(`shell.theme.${now}`) }));
  key.textContent = hasKey ? t('shell.key.set') : t('shell.key');
}

/** Go to the next theme: the system's, light, dark. */
export function turnTheme() {
  const now = choices.get('theme') ?? 'auto';
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  choices.set('theme', next === 'auto' ? null : next);
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}
