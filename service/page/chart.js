// Charts drawn as SVG in the width that there is, so that their letters are never scaled. Colours are classes
// of panels.css. A chart is a picture: whoever uses one puts a table of the same numbers beside it.

import { el, fill } from './dom.js';

const SPACE = 'http://www.w3.org/2000/svg';
const MARGIN = { top: 10, right: 14, bottom: 34, left: 46 };

/** Return a new SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') made.textContent = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter(Boolean));
  return made;
}

/** Return round numbers that lie within [low, high], about `count` of them. */
export function ticks(low, high, count = 5) {
  const span = high - low || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) found.push(Number((n * step).toPrecision(12)));
  return found;
}

/**
 * Return an element that draws itself in its own width, and again when that changes.
 *
 * `draw(width, spec)` returns what is shown. `update(spec)` draws anew; `signal` ends it.
 */
export function plot(draw, spec, signal) {
  const frame = el('div', { class: 'plot' });
  let now = spec;
  let width = 0;
  const show = () => width && fill(frame, draw(width, now));
  const seen = new ResizeObserver(([entry]) => {
    const found = Math.floor(entry.contentRect.width);
    if (found === width) return;
    width = found;
    show();
  });
  seen.observe(frame);
  signal.addEventListener('abort', () => seen.disconnect());
  return {
    frame,
    update(next) {
      now = next;
      show();
    },
  };
}

/** Map [a, b] to [c, d]. */
function scale(a, b, c, d) {
  return (value) => c + ((value - a) / (b - a || 1)) * (d - c);
}

function axes({ width, height, x, y, xs, ys, xText, yText, xTitle }) {
  const left = MARGIN.left;
  const bottom = height - MARGIN.bottom;
  return [
    ...ys.map((value) => svg('line', { class: 'grid', x1: left, x2: width - MARGIN.right, y1: y(value), y2: y(value) })),
    ...ys.map((value) => svg('text', { class: 'tick', x: left - 7, y: y(value) + 4, 'text-anchor': 'end', text: yText(value) })),
    ...xs.map((value) => svg('text', { class: 'tick', x: x(value), y: bottom + 16, 'text-anchor': 'middle', text: xText(value) })),
    xTitle ? svg('text', { class: 'tick', x: width - MARGIN.right, y: height - 3, 'text-anchor': 'end', text: xTitle }) : null,
  ];
}

/**
 * Draw lines over a common x.
 *
 * spec: `series` of `{name, values, kind}`, values [n] with null for a gap and `kind` one of `one`, `two`;
 * `xs` [n]; `height`; `low`, `high` (both optional bounds of y); `xText`, `yText`, `xTitle`; `mark`, an x to
 * be marked, with `markText`; `label`, what the whole shows.
 */
export function drawLines(width, spec) {
  const { series, xs, height = 220, xText = String, yText = String, xTitle, mark, markText, label } = spec;
  const all = series.flatMap((one) => one.values).filter((value) => value !== null && Number.isFinite(value));
  const low = spec.low ?? Math.min(...all, Infinity);
  const high = Math.max(...all, spec.high ?? -Infinity);
  const [bottom, highest] = all.length ? [low, high > low ? high : low + 1] : [0, spec.high ?? 1];
  const top = highest + (highest - bottom) * 0.05; // a line along the edge would be cut
  const x = scale(xs[0] ?? 0, xs.at(-1) ?? 1, MARGIN.left + 4, width - MARGIN.right - 4);
  const y = scale(bottom, top, height - MARGIN.bottom, MARGIN.top);
  const room = Math.max(2, Math.floor((width - MARGIN.left) / 70));
  const step = spec.whole ? 1 : 0;
  const marks = ticks(xs[0] ?? 0, xs.at(-1) ?? 1, room).filter((value) => !step || Number.isInteger(value));
  const cursor = svg('line', { class: 'cursor', y1: MARGIN.top, y2: height - MARGIN.bottom, visibility: 'hidden' });
  const readout = el('div', { class: 'readout', hidden: true });
  const picture = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    axes({ width, height, x, y, xs: marks, ys: ticks(bottom, top, 4), xText, yText, xTitle }),
    mark === undefined || mark === null
      ? null
      : [
          svg('line', { class: 'mark', x1: x(mark), x2: x(mark), y1: MARGIN.top, y2: height - MARGIN.bottom }),
          svg('text', {
            class: 'tick',
            x: x(mark) + (x(mark) > width / 2 ? -6 : 6),
            // Out of the way of the lines: they are in one half there.
            y: isHigh(series, xs, mark, bottom, top) ? height - MARGIN.bottom - 8 : MARGIN.top + 10,
            'text-anchor': x(mark) > width / 2 ? 'end' : 'start',
            text: markText,
          }),
        ],
    series.map((one) => svg('path', { class: `line ${one.kind}`, d: pathOf(one.values, xs, x, y) })),
    cursor,
  );
  const near = (event) => {
    const at = event.clientX - picture.getBoundingClientRect().left;
    const nearest = xs.reduce((best, value, i) => (Math.abs(x(value) - at) < Math.abs(x(xs[best]) - at) ? i : best), 0);
    if (!xs.length) return;
    cursor.setAttribute('x1', x(xs[nearest]));
    cursor.setAttribute('x2', x(xs[nearest]));
    cursor.setAttribute('visibility', 'visible');
    fill(
      readout,
      el('b', { text: `${xTitle ? `${xTitle} ` : ''}${xText(xs[nearest])}` }),
      series.map((one) => el('span', `${one.name} ${one.values[nearest] === null ? '–' : yText(one.values[nearest], true)}`)),
    );
    readout.hidden = false;
    readout.style.left = `${Math.min(Math.max(x(xs[nearest]) + 8, 0), width - 150)}px`;
  };
  picture.addEventListener('pointermove', near);
  picture.addEventListener('pointerleave', () => {
    cursor.setAttribute('visibility', 'hidden');
    readout.hidden = true;
  });
  return [picture, readout];
}

/** Whether the first line is in the upper half at x. */
function isHigh([one], xs, at, bottom, top) {
  return one.values[xs.indexOf(at)] > (bottom + top) / 2;
}

function pathOf(values, xs, x, y) {
  let pen = false;
  return values
    .map((value, i) => {
      if (value === null || !Number.isFinite(value)) {
        pen = false;
        return '';
      }
      const step = `${pen ? 'L' : 'M'}${x(xs[i]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
      return step;
    })
    .join('');
}

/** Return the legend of lines: a list of names, each with its stroke. */
export function legend(series) {
  return el('ul', { class: 'legend' },
    series.map((one) =>
      el('li', {}, svg('svg', { width: 22, height: 8, 'aria-hidden': 'true' }, svg('path', { class: `line ${one.kind}`, d: 'M1 4H21' })), one.name),
    ),
  );
}

/**
 * Draw a reliability diagram: accuracy by confidence, beside the diagonal, over the share of rows.
 *
 * spec: `bars` of `{lower, upper, rows, confidence, accuracy}`, `text` (a share as text), `label`, `xTitle`.
 */
export function drawCalibration(width, { bars, text, label, xTitle }) {
  const height = 320;
  const split = 236;
  const filled = bars.filter((bar) => bar.rows);
  const total = filled.reduce((sum, bar) => sum + bar.rows, 0);
  const from = Math.min(0.5, filled[0]?.lower ?? 0);
  const x = scale(from, 1, MARGIN.left, width - MARGIN.right);
  const y = scale(0, 1, split, MARGIN.top);
  const most = Math.max(...filled.map((bar) => bar.rows / total), 0.01);
  const share = scale(0, most, height - MARGIN.bottom, split + 14);
  const wide = (bar) => Math.max(1, x(bar.upper) - x(bar.lower) - 2);
  return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    axes({ width, height, x, y, xs: ticks(from, 1, 5), ys: [0, 0.25, 0.5, 0.75, 1], xText: text, yText: text, xTitle }),
    filled.map((bar) =>
      svg('rect', { class: 'bar-of', x: x(bar.lower) + 1, width: wide(bar), y: y(bar.accuracy), height: y(0) - y(bar.accuracy) }),
    ),
    svg('line', { class: 'ideal', x1: x(from), y1: y(from), x2: x(1), y2: y(1) }),
    svg('path', { class: 'line one', d: pathOf(filled.map((bar) => bar.accuracy), filled.map((bar) => bar.confidence), x, y) }),
    filled.map((bar) => svg('circle', { class: 'dot', cx: x(bar.confidence), cy: y(bar.accuracy), r: 3.5 })),
    filled.map((bar) => {
      const top = share(bar.rows / total);
      return svg('rect', { class: 'bar-of two', x: x(bar.lower) + 1, width: wide(bar), y: top, height: height - MARGIN.bottom - top });
    }),
  );
}

/** Return a table that holds the numbers of a chart, folded away. `rows` are lists of texts, `about` names the chart. */
export function numbers(summary, columns, rows, about) {
  return el('details', { class: 'numbers' },
    el('summary', summary),
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${about}: ${summary}` },
      el('table', { class: 'plain num' },
        el('thead', {}, el('tr', {}, columns.map((text) => el('th', { scope: 'col', text })))),
        el('tbody', {}, rows.map(([first, ...rest]) => el('tr', {}, el('th', { scope: 'row', text: first }), rest.map((text) => el('td', { text }))))),
      ),
    ),
  );
}
