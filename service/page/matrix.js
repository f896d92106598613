// A confusion matrix as a table: rows are what is true, columns what was predicted. Where cells can be opened
// it is a grid with one tab stop, in which arrows move and Enter opens.

import { el } from './dom.js';
import { counts as numbers } from './formats.js';

const LARGEST = 60; // classes; beyond it nobody could read the cells

/**
 * Return the matrix.
 *
 * `counts` [true][predicted], `names` of the classes, `open(true, predicted, cell)` or null, `chosen` the cell
 * `[true, predicted]` that is open already, `t` with the texts panels.*, `lang`.
 */
export function matrix({ counts, names, open, chosen = [0, 0], t, lang }) {
  if (counts.length > LARGEST) return confusions({ counts, names, open, t, lang });
  const number = numbers(lang);
  const table = el('table', { class: 'matrix num', role: open ? 'grid' : null, 'aria-label': t('panels.matrix') },
    el('thead', {},
      el('tr', {},
        el('td', { class: 'corner' }, el('span', t('panels.true')), el('span', t('panels.predicted'))),
        names.map((name) => el('th', { scope: 'col' }, el('span', name))),
      ),
    ),
    el('tbody', {}, counts.map((row, i) => line(row, i))),
  );
  if (open) listen(table, open);
  return el('div', { class: 'scroll', tabindex: open ? null : '0', role: open ? null : 'region', 'aria-label': open ? null : t('panels.matrix') }, table);

  function line(row, i) {
    const sum = row.reduce((a, b) => a + b, 0) || 1;
    const first = el('th', { scope: 'row', text: names[i] });
    return el('tr', {}, first, row.map((count, j) => cell(count, count / sum, i, j)));
  }

  function cell(count, share, i, j) {
    const said = t(i === j ? 'panels.cell.right' : 'panels.cell', { true: names[i], predicted: names[j], count: number(count) });
    const made = el('td', {
      class: i === j ? 'right' : 'wrong',
      text: count ? number(count) : '',
      'aria-label': open ? said : null,
      title: said,
      tabindex: open ? (i === chosen[0] && j === chosen[1] ? '0' : '-1') : null,
      'aria-selected': open && i === chosen[0] && j === chosen[1] ? 'true' : null,
      dataset: { i, j },
    });
    // Few mistakes are many cells: a root keeps the small shares apart.
    made.style.setProperty('--share', `${Math.round((i === j ? share : Math.sqrt(share)) * 100)}%`);
    return made;
  }
}

function listen(table, open) {
  const cells = [...table.querySelectorAll('tbody td')];
  const size = Math.sqrt(cells.length);
  let current = cells.findIndex((cell) => cell.tabIndex === 0);
  const go = (to) => {
    cells[current].tabIndex = -1;
    current = to;
    cells[current].tabIndex = 0;
    cells[current].focus();
  };
  const choose = (cell) => {
    for (const one of cells) one.removeAttribute('aria-selected');
    cell.setAttribute('aria-selected', 'true');
    open(Number(cell.dataset.i), Number(cell.dataset.j), cell);
  };
  table.addEventListener('click', (event) => {
    const cell = event.target.closest('tbody td');
    if (!cell) return;
    go(cells.indexOf(cell));
    choose(cell);
  });
  table.addEventListener('keydown', (event) => {
    const column = current % size;
    const to = {
      ArrowRight: column < size - 1 ? current + 1 : current,
      ArrowLeft: column > 0 ? current - 1 : current,
      ArrowDown: Math.min(current + size, cells.length - size + column),
      ArrowUp: Math.max(current - size, column),
      Home: current - column,
      End: current - column + size - 1,
    }[event.key];
    if (event.key === 'Enter' || event.key === ' ') choose(cells[current]);
    else if (to === undefined) return;
    else go(to);
    event.preventDefault();
  });
}

/** Of very many classes, the pairs that are confused most. */
function confusions({ counts, names, open, t, lang }) {
  const number = numbers(lang);
  const pairs = counts
    .flatMap((row, i) => row.map((count, j) => ({ count, i, j })))
    .filter(({ count, i, j }) => count && i !== j)
    .sort((a, b) => b.count - a.count)
    .slice(0, 40);
  return el('ul', { class: 'pairs' },
    pairs.map(({ count, i, j }) => {
      const text = t('panels.cell', { true: names[i], predicted: names[j], count: number(count) });
      return el('li', {}, open ? el('button', { text, on: { click: (event) => open(i, j, event.target) } }) : text);
    }),
  );
}
