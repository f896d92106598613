// Drawing: light ink on black, as the pictures of Fashion-MNIST are. By mouse, finger, pen, or keyboard.
//
// Keys: arrows move the pen by a model's pixel, Space sets it down and lifts it, Delete clears, Ctrl+Z takes back.

import { el } from '../dom.js';

const SIDE = 336;
const MOST_KEPT = 24;

/** A square to draw on. `changed()` is called while it is drawn on, `said(key)` when the pen is set down or lifted. */
export class Sketch {
  constructor(label, help, changed, said) {
    this.canvas = el('canvas', { width: SIDE, height: SIDE, tabindex: '0', role: 'application', 'aria-label': label, 'aria-describedby': help });
    this.pen = el('span', { class: 'pen', hidden: true, 'aria-hidden': 'true' });
    this.element = el('div', { class: 'sketch' }, this.canvas, this.pen);
    this.ink = this.canvas.getContext('2d', { willReadFrequently: true });
    const small = el('canvas', { width: SIDE / 2, height: SIDE / 2 });
    this.small = small.getContext('2d', { willReadFrequently: true });
    this.changed = changed;
    this.said = said;
    this.size = 26;
    this.shade = 220;
    this.kept = [];
    this.isDown = false;
    this.at = [SIDE / 2, SIDE / 2];
    this.ink.lineCap = this.ink.lineJoin = 'round';
    this.#wipe();
    this.#listen();
  }

  /** Whether nothing is drawn. */
  get isEmpty() {
    return !this.kept.length;
  }

  /** Return what is drawn: a raster, of half the size, for it is prepared anew while it is drawn. */
  raster() {
    const { width, height } = this.small.canvas;
    this.small.drawImage(this.canvas, 0, 0, width, height);
    return this.small.getImageData(0, 0, width, height);
  }

  /** Begin anew; the old drawing can be taken back. */
  clear() {
    if (this.isEmpty) return;
    this.kept = [];
    this.#wipe();
    this.changed();
  }

  /** Take the last stroke back. */
  undo() {
    const last = this.kept.pop();
    if (!last) return;
    this.ink.putImageData(last, 0, 0);
    this.changed();
  }

  /** Return all that is needed to go on later. */
  save() {
    return { now: this.#image(), kept: this.kept };
  }

  /** Go on with what was saved. */
  load({ now, kept }) {
    this.ink.putImageData(now, 0, 0);
    this.kept = kept;
  }

  #wipe() {
    this.ink.fillStyle = '#000';
    this.ink.fillRect(0, 0, SIDE, SIDE);
  }

  #image() {
    return this.ink.getImageData(0, 0, SIDE, SIDE);
  }

  #keep() {
    this.kept.push(this.#image());
    if (this.kept.length > MOST_KEPT) this.kept.shift();
  }

  #line(from, to, pressure = 0.5) {
    const { ink } = this;
    ink.strokeStyle = `rgb(${this.shade} ${this.shade} ${this.shade})`;
    ink.lineWidth = this.size * (0.5 + pressure);
    ink.beginPath();
    ink.moveTo(...from);
    ink.lineTo(to[0] + 0.01, to[1]);
    ink.stroke();
    this.changed();
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.#keep();
      this.#lift();
      this.last = this.#place(event);
      this.#line(this.last, this.last, pressureOf(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.last || !canvas.hasPointerCapture(event.pointerId)) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) {
        const to = this.#place(one);
        this.#line(this.last, to, pressureOf(one));
        this.last = to;
      }
    });
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => (this.last = null));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('focus', () => canvas.matches(':focus-visible') && this.#showPen());
    canvas.addEventListener('blur', () => {
      this.#lift();
      this.pen.hidden = true;
    });
  }

  #key(event) {
    const step = SIDE / 28;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    const handled = by || [' ', 'Delete', 'Escape'].includes(event.key) || (event.key === 'z' && (event.ctrlKey || event.metaKey));
    if (!handled) return;
    event.preventDefault();
    if (by) this.#move(by);
    else if (event.key === ' ') this.#press();
    else if (event.key === 'Delete') this.clear();
    else if (event.key === 'Escape') this.#lift();
    else this.undo();
    this.#showPen();
  }

  #move([dx, dy]) {
    const within = (value) => Math.min(Math.max(value, 0), SIDE);
    const to = [within(this.at[0] + dx), within(this.at[1] + dy)];
    if (this.isDown) this.#line(this.at, to);
    this.at = to;
  }

  #press() {
    if (this.isDown) {
      this.#lift();
      return;
    }
    this.#keep();
    this.isDown = true;
    this.said('try.pen.down');
    this.#line(this.at, this.at);
  }

  #lift() {
    if (this.isDown) this.said('try.pen.up');
    this.isDown = false;
    this.pen.classList.remove('down');
  }

  #showPen() {
    this.pen.hidden = false;
    this.pen.classList.toggle('down', this.isDown);
    this.pen.style.left = `${(this.at[0] / SIDE) * 100}%`;
    this.pen.style.top = `${(this.at[1] / SIDE) * 100}%`;
  }
}

/** A pen's own pressure; a mouse has none, and says a half. */
function pressureOf(event) {
  return event.pointerType === 'pen' && event.pressure ? event.pressure : 0.5;
}
