// The middle card of Try: what the model gets, enlarged, and the steps that led there.

import { el, fill } from '../dom.js';
import { counts } from '../formats.js';
import { frame, paintPixels, paintPlane, paintRaster } from './paint.js';
import { MANNERS } from './picture.js';

/** Shows the way of a picture. `actions` has `setManner(manner)` and `turnAbout()`. */
export class Steps {
  constructor({ t, lang }, tensor, manner, actions) {
    this.t = t;
    this.tensor = tensor;
    const { height, width, channels } = tensor;
    const size = [height, width, channels].slice(0, channels === 1 ? 2 : 3).map(counts(lang)).join(' × ');
    this.final = frame(t('try.gets', { size }), 'pixels final');
    this.steps = el('ol', { class: 'steps' });
    this.turn = el('button', { text: t('try.mirror'), 'aria-pressed': 'false', on: { click: () => actions.turnAbout() } });
    this.way = el('div', { class: 'way' }, this.#manners(manner, actions), this.turn);
    this.note = el('p', { class: 'fine' });
    this.element = el('section', { class: 'card gets', 'aria-label': t('try.gets', { size }) },
      el('h2', t('try.gets', { size })),
      el('div', { class: 'ground' }, this.final),
      this.note,
      this.steps,
      this.way,
    );
    this.clear();
  }

  /** Show that there is no picture, and why. */
  clear(why = this.t('try.empty')) {
    const { height, width, channels } = this.tensor;
    paintPixels(this.final, new Uint8ClampedArray(height * width * channels), this.tensor);
    fill(this.steps);
    fill(this.note, why);
    this.way.hidden = false;
  }

  /** Show what `prepare` made of a source, and the pixels that are sent. */
  show(source, made, final, isTurned) {
    paintPixels(this.final, final, this.tensor);
    this.way.hidden = source.kind === 'sample';
    this.turn.setAttribute('aria-pressed', String(isTurned));
    fill(this.note, this.#noteOf(source, isTurned));
    fill(this.steps, source.kind === 'photo' ? this.#stepsOf(made, final) : []);
  }

  #noteOf(source, isTurned) {
    if (source.kind === 'sample') return this.t('try.unchanged');
    if (isTurned && source.turned === undefined) return this.t('try.turned');
    return source.kind === 'drawing' ? this.t('try.fitted') : '';
  }

  #stepsOf({ raster, box, flat, inverted }, final) {
    const { t } = this;
    const step = (name, paint, kind = '') => {
      const canvas = frame(t(name), kind);
      paint(canvas);
      return el('li', {}, el('div', { class: 'thumb' }, canvas), el('span', t(name)));
    };
    return [
      step('try.step.cut', (canvas) => paintRaster(canvas, raster, box)),
      flat && step('try.step.grey', (canvas) => paintPlane(canvas, flat, raster.width)),
      inverted && step('try.step.inverted', (canvas) => paintPlane(canvas, inverted, raster.width)),
      step('try.step.small', (canvas) => paintPixels(canvas, final, this.tensor), 'pixels'),
    ].filter(Boolean);
  }

  #manners(manner, actions) {
    const offered = MANNERS.filter((one) => this.tensor.channels === 1 || one === 'square' || one === 'whole');
    const select = el('select', { id: 'manner' },
      offered.map((one) => el('option', { value: one, selected: one === manner, text: this.t(`try.manner.${one}`) })),
    );
    select.addEventListener('change', () => actions.setManner(select.value));
    return [el('label', { for: select.id, text: this.t('try.manner') }), select];
  }
}
