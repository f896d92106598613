// Why this answer: a picture under the map of which parts of it matter, asked for anew with every choice.

import { el, field, fill } from './dom.js';
import { draw, drawMap, shapeOf } from './picture.js';
import { measures, shares } from './formats.js';

/** Losses of probability below which a map is shown pale: there is little to explain. */
const LITTLE = 0.05;

/** The panel. `show(pixels, about)` explains a picture, `about` being a text that says which one it is. */
export class Explain {
  constructor({ api, t, lang, model, signal, failed }) {
    Object.assign(this, { api, t, lang, model, signal, failed });
    this.pixels = null;
    this.under = null;
    this.percent = shares(lang);
    this.number = measures(lang, 3);
    this.range = model.summary.inputs[0].range ?? [0, 255];
    this.names = model.summary.class_names;
    const again = () => this.ask();
    this.kind = select(again, this.classes());
    // A grey picture mostly lies on a plain ground, beside which a grey patch would be an object of its own.
    const fills = model.summary.inputs[0].shape[3] === 3 ? ['mean', 'ground'] : ['ground', 'mean'];
    this.fill = select(again, fills.map((one) => [one, t(`understand.fill.${one}`)]));
    this.patch = select(again, [['', t('understand.patch.auto')], ...this.sides().map((n) => [String(n), `${n} × ${n}`])]);
    this.plain = el('canvas', { class: 'big', role: 'img', 'aria-label': t('understand.why.picture') });
    this.map = el('canvas', { class: 'big', role: 'img' });
    this.said = el('p', { class: 'said', 'aria-live': 'polite' });
    this.about = el('p', { class: 'fine' });
    this.trouble = el('div');
    this.scale = el('div', { class: 'scale', hidden: true }, el('span', t('understand.against')), el('i', { 'aria-hidden': 'true' }), el('span', t('understand.for')));
    this.shown = el('div', { class: 'pair', hidden: true }, el('figure', {}, this.plain), el('figure', {}, this.map));
    this.root = el('div', { class: 'why' },
      el('div', { class: 'controls' }, field(t('understand.class'), this.kind), field(t('understand.patch'), this.patch), field(t('understand.fill'), this.fill)),
      this.shown,
      this.scale,
      this.said,
      this.about,
      this.trouble,
    );
  }

  /** The classes to ask for: none where the model gives a number. */
  classes() {
    const { head, class_names: names, outputs } = this.model.summary;
    const units = names?.length ?? (head === 'sigmoid' || head === 'logit' ? 2 : (outputs[0].shape.at(-1) ?? 1));
    const list = head === 'regression' ? [] : Array.from({ length: units }, (_, i) => [String(i), names?.[i] ?? String(i)]);
    return [['', this.t(head === 'regression' ? 'understand.number' : 'understand.class.top')], ...list];
  }

  /** Sides of a patch that are worth trying. */
  sides() {
    const [, height, width] = this.model.summary.inputs[0].shape;
    const shorter = Math.min(height ?? 0, width ?? 0);
    return [...new Set([2, 4, 6, 8, 12, 16, 32].filter((n) => n <= shorter / 2 && (shorter / n) ** 2 * 4 < 3000))];
  }

  /** Explain a picture; the class goes back to the most probable one. */
  show(pixels, about) {
    this.pixels = pixels;
    this.about.textContent = about;
    this.kind.value = '';
    return this.ask();
  }

  /** Ask for the map with what is chosen; a newer question ends an older one. */
  async ask() {
    if (!this.pixels) return;
    this.under?.abort();
    const mine = (this.under = new AbortController());
    this.root.setAttribute('aria-busy', 'true');
    const query = new URLSearchParams({ fill: this.fill.value });
    if (this.kind.value) query.set('class', this.kind.value);
    if (this.patch.value) query.set('patch', this.patch.value);
    try {
      const signal = AbortSignal.any([mine.signal, this.signal]);
      const found = await this.api.post(`${this.model.path}/explain?${query}`, { instances: this.pixels }, { signal });
      fill(this.trouble);
      this.draw(found);
    } catch (error) {
      this.failed(this.trouble, error);
    }
    if (this.under === mine) this.root.setAttribute('aria-busy', 'false');
  }

  draw(found) {
    const { t } = this;
    const values = found.map.flat();
    const most = Math.max(...values.map(Math.abs));
    draw(this.plain, this.pixels, undefined, this.range);
    const asShare = found.class !== null;
    drawMap(this.map, this.pixels, found.map, asShare ? Math.max(most, LITTLE) : most, this.range);
    this.shown.hidden = this.scale.hidden = false;
    const at = values.indexOf(Math.max(...values));
    const width = shapeOf(this.pixels)[1];
    const place = { row: Math.floor(at / width) + 1, column: (at % width) + 1 };
    const amount = (value) => (asShare ? this.percent(value) : this.number(value));
    const name = found.label ?? (asShare ? String(found.class) : t('understand.number'));
    const loss = Math.max(...values);
    const tells = asShare ? loss > LITTLE / 5 : loss > 0;
    const text = t(tells ? 'understand.said' : 'understand.said.nothing', { name, base: amount(found.base), loss: amount(Math.max(0, loss)), ...place });
    this.said.textContent = text;
    this.map.setAttribute('aria-label', `${t('understand.why.map')}: ${text}`);
    this.root.dataset.patches = String(found.patches);
  }
}

function select(changed, options) {
  return el('select', { on: { change: changed } }, options.map(([value, text]) => el('option', { value, text })));
}
