// The card with the calls: two choices, the code, and a button that copies it.

import { PROTOCOLS, TOOLS, code, question } from './calls.js';
import { button, el, fill, fine } from '../dom.js';

const chosen = { protocol: 'native', tool: 'curl' };

/** Shows `asked` (see calls.js) as code. */
export class Calls {
  constructor(root, context) {
    this.context = context;
    this.asked = null;
    const { t } = context;
    this.code = el('code');
    this.text = el('pre', { class: 'code', tabindex: '0', 'aria-label': t('try.calls') }, this.code);
    this.copied = el('span', { class: 'fine', role: 'status' });
    const copy = button(t('try.copy'), () => this.#copy());
    fill(
      root,
      el('div', { class: 'row calls-head' }, el('h2', t('try.calls')), this.copied, copy),
      fine(t('try.calls.about')),
      el('div', { class: 'row' }, this.#choice('protocol', PROTOCOLS), this.#choice('tool', TOOLS)),
      this.text,
    );
    context.on('key', () => this.show(this.asked));
  }

  /** Show the calls of a question; null hides nothing, and waits. */
  show(asked) {
    this.asked = asked;
    if (!asked) return;
    const { path, body } = question(chosen.protocol, asked);
    fill(this.code, code(chosen.tool, this.context.api.url(path), body, Boolean(this.context.key)));
    fill(this.copied);
  }

  #choice(name, values) {
    const { t } = this.context;
    return el('fieldset', { class: 'segments' },
      el('legend', { class: 'sr', text: t(`try.${name}`) }),
      values.map((value) =>
        el('label', {},
          el('input', {
            type: 'radio',
            name,
            value,
            checked: chosen[name] === value,
            on: {
              change: () => {
                chosen[name] = value;
                this.show(this.asked);
              },
            },
          }),
          el('span', name === 'tool' ? value : t(`try.${name}.${value}`)),
        ),
      ),
    );
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      fill(this.copied, this.context.t('try.copied'));
    } catch {
      // Not allowed, as over plain HTTP from another machine: mark it, to be copied by hand.
      getSelection().selectAllChildren(this.code);
      fill(this.copied, this.context.t('try.marked'));
    }
  }
}
