// Test images with what they were taken for. A press on one asks why.

import { el } from './dom.js';
import { draw } from './picture.js';
import { measures, shares } from './formats.js';

/** Return a list of `images` as `/report/images` gives them; `pick(image)` is called for the one pressed. */
export function gallery(images, { names, pick, t, lang }) {
  const percent = shares(lang);
  const plain = measures(lang, 3);
  const nameOf = (value) => (names ? names[value] : plain(value));
  return el('ul', { class: 'gallery' },
    images.map((image) => {
      const wrong = image.true !== image.predicted;
      const answer = image.probability === null ? nameOf(image.predicted) : `${nameOf(image.predicted)} ${percent(image.probability)}`;
      const truth = t('understand.is', { name: nameOf(image.true) });
      return el('li', {},
        el('button', { class: 'shot', 'aria-label': t('understand.why.of', { index: image.index, answer, truth }), on: { click: () => pick(image) } },
          draw(el('canvas', { 'aria-hidden': 'true' }), image.pixels),
          el('span', { class: 'num', text: answer }),
          wrong ? el('span', { class: 'truth', text: truth }) : null,
        ),
      );
    }),
  );
}
