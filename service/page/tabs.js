// The tabs of the page, as ARIA describes them: one tab stop, arrows move, and the address says which is open.

import { el, fill } from './dom.js';

/** The parts of the page, in their order. Each is a module of its name. */
export const PARTS = ['try', 'understand', 'evaluate', 'operate'];

/**
 * Return `{part, name, version, unknown}` of an address such as `#try/fashion_conv/1`; all but the part may be undefined.
 *
 * `unknown` stands in place of a part; a version that is no number is its text.
 */
export function readHash(hash) {
  const [part, name, version] = hash.replace(/^#/, '').split('/');
  return {
    part: PARTS.includes(part) ? part : PARTS[0],
    unknown: PARTS.includes(part) || !part ? undefined : safelyDecoded(part),
    name: safelyDecoded(name) || undefined,
    version: /^[1-9][0-9]{0,8}$/.test(version) ? Number(version) : safelyDecoded(version) || undefined,
  };
}

/** Return the address of a part and, where one was chosen, of a version. */
export function writeHash({ part, name, version }) {
  const model = name ? `/${encodeURIComponent(name)}${version ? `/${version}` : ''}` : '';
  return `#${part}${model}`;
}

function safelyDecoded(text = '') {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The row of tabs. `opened(part)` is called when the reader opens another. */
export class Tabs {
  constructor(list, panel, opened) {
    this.list = list;
    this.panel = panel;
    this.opened = opened;
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Draw the tabs, with one of them open. */
  show(open, t) {
    const hadFocus = this.list.contains(document.activeElement);
    this.list.setAttribute('aria-label', t('shell.parts'));
    fill(
      this.list,
      PARTS.map((part) =>
        el('button', {
          role: 'tab',
          id: `tab-${part}`,
          'aria-controls': this.panel.id,
          'aria-selected': String(part === open),
          tabindex: part === open ? '0' : '-1',
          dataset: { part },
          text: t(`shell.${part}`),
          on: { click: () => this.opened(part) },
        }),
      ),
    );
    this.panel.setAttribute('aria-labelledby', `tab-${open}`);
    if (hadFocus) this.list.querySelector('[aria-selected=true]').focus();
  }

  #key(event) {
    const at = PARTS.indexOf(event.target.dataset.part);
    const to = {
      ArrowRight: (at + 1) % PARTS.length,
      ArrowLeft: (at + PARTS.length - 1) % PARTS.length,
      Home: 0,
      End: PARTS.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.opened(PARTS[to]);
  }
}
