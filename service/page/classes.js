// The table of classes: precision, recall, F1 and rows, sorted by any column.

import { el, fill } from './dom.js';
import { counts, shares } from './formats.js';

const COLUMNS = ['label', 'precision', 'recall', 'f1', 'support'];

/** Return the table of `classes`, a list of `{label, precision, recall, f1, support}`. */
export function classTable({ classes, t, lang }) {
  const share = shares(lang);
  const number = counts(lang);
  const body = el('tbody');
  let by = null;
  let down = true;
  const heads = COLUMNS.map((column) =>
    el('th', { scope: 'col', class: column === 'label' ? null : 'end' }, el('button', { class: 'sort', text: t(`panels.${column}`), on: { click: () => sort(column) } })),
  );
  const show = () => {
    const rows = [...classes];
    if (by) rows.sort((a, b) => (down ? -1 : 1) * (typeof a[by] === 'string' ? a[by].localeCompare(b[by], lang) : a[by] - b[by]));
    heads.forEach((head, i) => {
      if (COLUMNS[i] === by) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    fill(body, rows.map(row));
  };
  const sort = (column) => {
    down = by === column ? !down : column !== 'label';
    by = column;
    show();
  };
  show();
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('panels.classes') },
    el('table', { class: 'plain num by-class' }, el('thead', {}, el('tr', {}, heads)), body),
  );

  function row(one) {
    return el('tr', {},
      el('th', { scope: 'row', text: one.label }),
      ['precision', 'recall', 'f1'].map((name) => measure(one.support ? one[name] : null)),
      el('td', { class: 'end', text: number(one.support) }),
    );
  }

  function measure(value) {
    const made = el('td', { class: 'end measure', text: value === null ? '–' : share(value) });
    made.style.setProperty('--share', `${Math.round(value * 100)}%`);
    return made;
  }
}
