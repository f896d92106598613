// Texts in the language of the reader. The texts of a part are in texts/<part>.<language>.js, which exports
// an object from key to text; a test sees to it that no language lacks one.

import { choices } from './storage.js';

/** The languages that there are, each by its own name. */
export const LANGUAGES = { en: 'English', ko: '한국어' };

/** Return the language that was chosen, else the first of the browser's that there is, else English. */
export function preferred() {
  const wanted = [choices.get('language'), ...navigator.languages].filter(Boolean);
  return wanted.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one in LANGUAGES) ?? 'en';
}

/** Remember a language. */
export function remember(language) {
  choices.set('language', language);
}

async function table(part, language) {
  try {
    return (await import(`./texts/${part}.${language}.js`)).default;
  } catch (error) {
    console.error(error);
    return {};
  }
}

/**
 * Return `t(key, values)` for the texts of some parts.
 *
 * `{name}` in a text is replaced by the value of that name. A key without a text is returned as it is.
 */
export async function translator(parts, language) {
  const tables = await Promise.all(parts.map((part) => table(part, language)));
  const texts = Object.assign({}, ...tables);
  return (key, values = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
