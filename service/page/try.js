// The part Try: a picture by hand, from outside or from the test set; what the model gets of it; its answer;
// and the same call as code. A model that takes no picture is asked in JSON (numbers.js).

import { askPicture } from './try/ask.js';
import { Answer } from './try/bars.js';
import { instanceOf } from './try/calls.js';
import { Calls } from './try/calls_view.js';
import { debounced, el, fill } from './dom.js';
import { hold } from './picture.js';
import { mountNumbers } from './try/numbers.js';
import { carriesFile, pictureAmong, rasterOf } from './try/photo.js';
import { mirrored, pointsRight, prepare } from './try/picture.js';
import { samplesFor } from './try/samples.js';
import { Sketch } from './try/sketch.js';
import { Steps } from './try/steps.js';
import { isExplained, pictureOf } from './try/tensor.js';
import { stage } from './try/stage.js';

export const styles = ['try.css'];

const ASKED_AFTER_MS = 40;

// Outlives the mounting: another model, or another language, is shown the same picture.
const kept = { source: null, drawing: null, manner: {} };

/** Mount the part; see app.js. */
export function mount(root, context) {
  const tensor = pictureOf(context.model.summary);
  return tensor ? new Try(root, context, tensor) : mountNumbers(root, context);
}

/** The pictures' page. A source is `{kind: 'drawing'|'photo'|'sample', ...}`; see `take...`. */
class Try {
  constructor(root, context, tensor) {
    this.context = context;
    this.tensor = tensor;
    this.turn = 0;
    this.manner = kept.manner[tensor.dataset] ?? tensor.manner;
    this.askSoon = debounced(() => this.#ask(), ASKED_AFTER_MS);
    const { t } = context;
    this.sketch = new Sketch(t('try.canvas'), 'sketch-help', () => this.#drawn(), (key) => this.parts.say(t(key)));
    this.parts = stage(context, tensor, this.sketch, this);
    this.steps = new Steps(context, tensor, this.manner, this);
    const answer = el('section', { class: 'card answer', 'aria-label': t('try.answer') });
    const calls = el('section', { class: 'card calls', 'aria-label': t('try.calls') });
    fill(root, this.parts.samples, el('div', { class: 'columns' }, this.parts.element, this.steps.element, answer), calls);
    this.answer = new Answer(answer, context, isExplained(context.model.summary));
    this.calls = new Calls(calls, context);
    this.#listen();
    this.#begin();
  }

  /** End: the drawing is kept. */
  unmount() {
    this.askSoon.cancel();
    cancelAnimationFrame(this.frame);
    kept.drawing = this.sketch.isEmpty ? null : this.sketch.save();
  }

  // What the reader does, called by the stage and the steps

  /** Take a picture from outside. */
  async takeFile(file) {
    try {
      this.#take({ kind: 'photo', raster: await rasterOf(file), name: file.name });
    } catch {
      this.parts.refuse();
    }
  }

  /** Take one of the test pictures. */
  takeSample(sample, index) {
    this.#take({ kind: 'sample', ...sample, index });
  }

  /** Take what is drawn. */
  takeDrawing() {
    this.#take({ kind: 'drawing' });
  }

  /** Prepare in another manner. */
  setManner(manner) {
    this.manner = kept.manner[this.tensor.dataset] = manner;
    if (kept.source && kept.source.kind !== 'sample') kept.source.turned = undefined;
    this.#show();
  }

  /** Turn the picture about, or back. */
  turnAbout() {
    if (!kept.source) return;
    kept.source.turned = !this.isTurned;
    this.#show();
  }

  // The way of a picture

  async #begin() {
    if (kept.drawing) this.sketch.load(kept.drawing);
    try {
      const samples = await samplesFor(this.context, this.tensor);
      this.parts.showSamples(samples, this.context.model.summary.class_names);
      const stale = kept.source?.kind === 'sample' && kept.source.pixels.length !== this.tensor.height * this.tensor.width * this.tensor.channels;
      if (!kept.source || stale || (kept.source.kind === 'sample' && !samples.length)) {
        kept.source = samples.length ? { kind: 'sample', ...samples[0], index: 0 } : { kind: 'drawing' };
      }
    } catch (error) {
      this.answer.fail(error, this.context.failed);
      kept.source ??= { kind: 'drawing' };
    }
    this.#show();
  }

  #take(source) {
    kept.source = source;
    this.parts.say('');
    this.#show();
  }

  #drawn() {
    if (kept.source?.kind !== 'drawing') kept.source = { kind: 'drawing' };
    kept.source.turned = undefined;
    // Once a frame, however fast the pen reports.
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#show();
    });
  }

  /** Show the picture and what becomes of it, and ask. */
  #show() {
    const { source } = kept;
    if (!source || this.context.signal.aborted) return;
    this.parts.show(source);
    if (source.kind === 'drawing' && this.sketch.isEmpty) return this.#rest();
    const raster = source.kind === 'drawing' ? this.sketch.raster() : source.raster;
    const made = source.kind === 'sample' ? { pixels: source.pixels } : prepare(raster, this.tensor, this.manner, source.kind === 'drawing');
    if (made.isEmpty) return this.#rest(this.context.t('try.nothing'));
    this.pixels = made.pixels;
    this.isTurned = source.turned ?? (source.kind === 'photo' && this.manner === 'garment' && pointsRight(this.pixels, this.tensor));
    this.final = this.isTurned ? mirrored(this.pixels, this.tensor) : this.pixels;
    this.steps.show(source, { ...made, raster }, this.final, this.isTurned);
    this.askSoon();
  }

  /** Ask nothing, and say why. */
  #rest(why) {
    this.askSoon.cancel();
    this.turn++;
    this.pixels = null;
    this.steps.clear(why);
    this.answer.clear();
    this.parts.say(why ?? '');
  }

  async #ask() {
    const mine = ++this.turn;
    const { source } = kept;
    const instance = instanceOf(this.final, this.tensor);
    hold(instance); // Understand can say why
    try {
      const answer = await askPicture(this.context, this.tensor, this.final);
      if (mine === this.turn) this.answer.show(answer, source.kind === 'sample' ? source.truth : null);
    } catch (error) {
      if (mine !== this.turn) return;
      this.answer.fail(error, this.context.failed);
    }
    this.calls.show({ model: this.context.model, instance, shape: this.tensor.shape, input: this.tensor });
  }

  #listen() {
    const { signal } = this.context;
    const on = (event, handler) => window.addEventListener(event, handler, { signal });
    on('paste', (event) => {
      const file = pictureAmong(event.clipboardData);
      if (!file) return;
      event.preventDefault();
      this.takeFile(file);
    });
    on('dragover', (event) => {
      if (!carriesFile(event.dataTransfer)) return;
      event.preventDefault();
      document.body.classList.add('dropping');
    });
    on('dragleave', (event) => event.relatedTarget ?? document.body.classList.remove('dropping'));
    on('drop', (event) => {
      document.body.classList.remove('dropping');
      if (!carriesFile(event.dataTransfer)) return;
      event.preventDefault();
      const file = pictureAmong(event.dataTransfer);
      if (file) this.takeFile(file);
      else this.parts.refuse();
    });
    for (const event of ['back', 'key']) this.context.on(event, () => this.pixels && this.askSoon());
  }
}
