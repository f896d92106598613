// What the server is doing now: its own counts, asked for each second and never while nobody looks, as lines.

import { drawLines, legend, numbers, plot } from './chart.js';
import { el, field, fill } from './dom.js';
import { counts } from './formats.js';

const EVERY_MS = 1000;
const KEPT = 120; // points
const SPAN = 5; // seconds over which a latency is taken, so that few requests do not make it jump

/** Return the latency below which a share of the requests between two counts lies, in ms; null for none. */
export function quantile(share, bounds, counts) {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total <= 0) return null;
  let before = 0;
  for (let i = 0; i < counts.length; i += 1) {
    if (before + counts[i] >= share * total) {
      const low = i ? bounds[i - 1] : 0;
      // Above the last bound nothing more is known.
      return i < bounds.length ? low + (bounds[i] - low) * ((share * total - before) / counts[i]) : low;
    }
    before += counts[i];
  }
  return bounds.at(-1);
}

/** Add up what all versions did, or only one, such as `fashion_mnist 1`. */
export function summed(versions, only) {
  const wanted = versions.filter((one) => !only || `${one.model} ${one.version}` === only);
  const sum = (value) => wanted.reduce((total, one) => total + value(one), 0);
  const failures = (one) => Object.values(one.failures).reduce((total, spent) => total + spent.count, 0);
  return {
    answered: sum((one) => one.success.count),
    failed: sum(failures),
    rows: sum((one) => one.rows_computed),
    batches: sum((one) => one.executions.count),
    waiting: sum((one) => one.rows_in_flight),
    bounds: wanted[0]?.latencies.bounds_ms ?? [],
    latencies: wanted.map((one) => one.latencies.counts).reduce((a, b) => (a.length ? a.map((n, i) => n + b[i]) : b), []),
  };
}

/** What happened between two counts that are `seconds` apart; null where the server began anew in between. */
export function between(old, now, seconds) {
  const grown = (name) => now[name] - old[name];
  if (['answered', 'failed', 'rows', 'batches'].some((name) => grown(name) < 0)) return null;
  return {
    answered: grown('answered') / seconds,
    failed: grown('failed') / seconds,
    rows: grown('rows') / seconds,
    size: grown('batches') ? grown('rows') / grown('batches') : null,
    waiting: now.waiting,
  };
}

const CHARTS = [
  { name: 'requests', lines: [['answered', 'one'], ['failed', 'two']], digits: 1, high: 1 },
  { name: 'latency', lines: [['p50', 'one'], ['p99', 'two']], digits: 2, high: 1 },
  { name: 'batch', lines: [['size', 'one']], digits: 1, high: 4 },
  { name: 'waiting', lines: [['waiting', 'one']], digits: 0, high: 4 },
];

/** The charts. `root` is their element; they run until `signal` aborts. */
export class Live {
  constructor(context) {
    const { api, t, lang, signal } = context;
    Object.assign(this, { api, t, lang, signal, timer: 0 });
    this.points = [];
    this.counts = [];
    this.short = new Intl.NumberFormat(lang, { maximumSignificantDigits: 3, notation: 'compact' });
    this.scope = el('select', { on: { change: () => this.again() } });
    this.offer(context.models);
    context.on('models', () => this.offer(context.models));
    this.charts = CHARTS.map((chart) => this.chart(chart));
    this.table = el('div');
    this.root = el('div', { class: 'stack' },
      field(t('operate.live.of'), this.scope),
      el('div', { class: 'live' }, this.charts.map((one) => one.figure)),
      this.table,
    );
    document.addEventListener('visibilitychange', () => this.look(), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.timer));
    this.look();
  }

  chart(chart) {
    const { t, lang, signal } = this;
    const now = el('b', '–');
    const format = counts(lang, chart.digits);
    const picture = plot(drawLines, this.spec(chart, format), signal);
    const series = chart.lines.map(([name, kind]) => ({ name: t(`operate.${name}`), kind }));
    const caption = el('figcaption', {}, el('h3', t(`operate.live.${chart.name}`)), now, series.length > 1 ? legend(series) : null);
    return { ...chart, now, format, picture, figure: el('figure', {}, caption, picture.frame) };
  }

  spec(chart, format) {
    const { t, points } = this;
    const last = points.at(-1);
    const said = last ? chart.lines.map(([name]) => `${t(`operate.${name}`)} ${last[name] === null ? '–' : format(last[name])}`).join(', ') : t('operate.live.nothing');
    return {
      series: chart.lines.map(([name, kind]) => ({ name: t(`operate.${name}`), kind, values: Array.from({ length: KEPT }, (_, i) => points[points.length - KEPT + i]?.[name] ?? null) })),
      xs: Array.from({ length: KEPT }, (_, i) => i - KEPT + 1),
      xText: (value) => (value ? t('operate.live.ago', { seconds: -value }) : t('operate.live.now')),
      yText: (value, exact) => (exact ? format : this.short.format)(value),
      height: 150,
      low: 0,
      high: chart.high,
      label: `${t(`operate.live.${chart.name}`)}: ${said}`,
    };
  }

  /** Offer all versions together, and each by itself. */
  offer(models) {
    const before = this.scope.value;
    const versions = models.flatMap((model) => model.versions.map((one) => [`${model.name} ${one.version}`, `${model.display_name} ${one.version}`]));
    fill(this.scope, [['', this.t('operate.live.all')], ...versions].map(([value, text]) => el('option', { value, text, selected: value === before })));
  }

  again() {
    this.points = [];
    this.counts = [];
    this.look();
  }

  /** Ask, draw, and ask again in a second; a hidden page asks nothing, and a gap is left. */
  async look() {
    clearTimeout(this.timer);
    if (document.visibilityState === 'hidden') {
      this.counts = [];
      return;
    }
    try {
      const { versions } = await this.api.get('statistics', { signal: this.signal });
      this.heard(summed(versions, this.scope.value), performance.now() / 1000);
    } catch {
      this.counts = [];
    }
    if (this.signal.aborted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), EVERY_MS);
  }

  heard(now, at) {
    const last = this.counts.at(-1);
    this.counts = [...this.counts, { ...now, at }].slice(-SPAN - 1);
    if (!last || at - last.at < 0.2) return;
    const point = between(last, now, at - last.at);
    if (!point) {
      this.counts = [];
      return;
    }
    const [first] = this.counts;
    const taken = now.latencies.map((count, i) => count - (first.latencies[i] ?? 0));
    point.p50 = quantile(0.5, now.bounds, taken);
    point.p99 = quantile(0.99, now.bounds, taken);
    this.points = [...this.points, point].slice(-KEPT);
    this.show();
  }

  show() {
    const last = this.points.at(-1);
    for (const chart of this.charts) {
      chart.now.textContent = chart.lines.map(([name]) => (last[name] === null ? '–' : chart.format(last[name]))).join(' · ');
      chart.picture.update(this.spec(chart, chart.format));
    }
    const open = this.table.querySelector('details')?.open;
    const names = CHARTS.flatMap((chart) => chart.lines.map(([name]) => [name, this.charts.find((one) => one.name === chart.name).format]));
    const rows = this.points.slice(-10).reverse().map((point, i) => [i ? this.t('operate.live.ago', { seconds: -i }) : this.t('operate.live.now'), ...names.map(([name, format]) => (point[name] === null ? '–' : format(point[name])))]);
    fill(this.table, numbers(this.t('operate.live.table'), ['', ...names.map(([name]) => this.t(`operate.${name}`))], rows, this.t('operate.live')));
    if (open) this.table.querySelector('details').open = true;
  }
}
