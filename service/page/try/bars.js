// The answer of a model: its best guess in words, a bar for each class, and where the time went.

import { debounced, el, fill } from '../dom.js';
import { counts, measures, shares } from '../formats.js';
import { writeHash } from '../tabs.js';
import { meaningOf } from './ask.js';

const MOST_BARS = 12;
const SPOKEN_AFTER_MS = 700;

/** The answer card. Bars stay in the order of the classes, so that they move and do not jump. */
export class Answer {
  constructor(root, { t, lang, model }, isExplained) {
    this.t = t;
    this.isExplained = isExplained;
    this.classNames = model.summary.class_names;
    this.percent = shares(lang);
    this.number = measures(lang, 6);
    this.lang = lang;
    this.best = el('p', { class: 'best' });
    this.note = el('p', { class: 'fine note' });
    this.bars = el('div', { class: 'bars' });
    this.times = el('dl', { class: 'times num' });
    this.why = el('a', { href: writeHash({ ...model, part: 'understand' }), hidden: true, text: t('try.why') });
    this.trouble = el('div');
    this.spoken = el('p', { class: 'sr', role: 'status' });
    this.speak = debounced((text) => fill(this.spoken, text), SPOKEN_AFTER_MS);
    fill(root, el('h2', t('try.answer')), this.trouble, this.best, this.note, this.bars, this.times, el('p', { class: 'fine' }, this.why), this.spoken);
    this.clear();
  }

  /** Show that there is nothing to ask. */
  clear() {
    fill(this.trouble);
    fill(this.best, el('span', { class: 'fine', text: this.t('try.answer.none') }));
    fill(this.note);
    fill(this.bars);
    fill(this.times);
    this.why.hidden = true;
    this.speak('');
  }

  /** Show an answer; `truth` is the true class of a sample, null where nobody knows it. */
  show({ predictions, warnings, timing }, truth) {
    const { groups, best } = meaningOf(predictions[0], this.classNames);
    fill(this.trouble);
    this.#head(best, groups, truth, warnings);
    fill(this.bars, groups.map((group) => this.#group(group, best)));
    this.#times(timing);
    this.why.hidden = !this.isExplained;
  }

  /** Show why there is no answer. */
  fail(error, failed) {
    this.clear();
    fill(this.best);
    failed(this.trouble, error);
  }

  #head(best, groups, truth, warnings) {
    if (best) {
      fill(this.best, el('strong', best.label), ' ', el('span', { class: 'num', text: this.percent(best.share) }));
      this.speak(`${best.label}, ${this.percent(best.share)}`);
    } else {
      const values = groups.filter((group) => group.value !== null && group.value !== undefined);
      const text = values.map((group) => [group.value].flat(9).map((one) => this.number(one)).join(', ')).join('; ');
      fill(this.best, values.length ? el('strong', { class: 'num', text }) : '');
      this.speak(text);
    }
    const said = truth === null ? '' : this.#verdict(best, truth);
    fill(this.note, [said, ...warnings].filter(Boolean).join(' '));
    this.note.className = `fine note ${truth === null || !best ? '' : best.at === truth ? 'right' : 'wrong'}`;
  }

  #verdict(best, truth) {
    const name = this.classNames?.[truth] ?? String(truth);
    return this.t(best?.at === truth ? 'try.right' : 'try.wrong', { name });
  }

  #group({ name, bars }, best) {
    const order = bars.map((_, i) => i);
    const shown = bars.length > MOST_BARS ? order.sort((a, b) => bars[b].share - bars[a].share).slice(0, MOST_BARS) : order;
    const rows = shown.map((i) => {
      const filled = el('span', { class: 'filled' });
      filled.style.width = `${Math.max(0, Math.min(1, bars[i].share)) * 100}%`;
      return el('li', { class: best?.at === i ? 'top' : null },
        el('span', { class: 'label', text: bars[i].label }),
        el('span', { class: 'track', 'aria-hidden': 'true' }, filled),
        el('span', { class: 'share num', text: this.percent(bars[i].share) }),
      );
    });
    return [name ? el('h3', name) : null, el('ul', {}, rows)];
  }

  #times({ total, decode = 0, queue, compute, encode = 0 }) {
    const inside = queue === undefined ? undefined : decode + queue + compute + encode;
    const pairs = [['try.total', total], ['try.inside', inside], ['try.queue', queue], ['try.compute', compute]];
    const known = pairs.filter(([, value]) => value !== undefined);
    fill(this.times, known.map(([key, value]) => el('div', {}, el('dt', this.t(key)), el('dd', this.#ms(value)))));
  }

  #ms(value) {
    return this.t('try.ms', { ms: counts(this.lang, value < 10 ? 2 : 0)(value) });
  }
}
