// The layers of a network as a row of blocks: how large what each gives out is, and how much each has learned.

import { svg } from './chart.js';
import { el } from './dom.js';
import { counts, shares } from './formats.js';

const ONLY_TRAINING = /^(Dropout|SpatialDropout.*|GaussianNoise|GaussianDropout|AlphaDropout|Random.*)$/;

/** Return the picture, a list with an item for each layer, of a model's summary. */
export function layersOf(summary, t, lang) {
  const number = counts(lang);
  const percent = shares(lang);
  const shapes = [summary.inputs[0], ...summary.layers].map((one) => (one.shape ?? one.output_shape ?? []).slice(1));
  const largest = Math.max(1, ...shapes.map((shape) => (shape.length > 1 ? Math.max(...shape.slice(0, 2)) : 1)));
  const text = (shape) => shape.map((n) => (n ? number(n) : '?')).join(' × ') || '1';
  const input = el('li', { class: 'layer' },
    block(shapes[0], largest, 'input'),
    el('b', t('understand.layers.input')),
    el('span', { class: 'num', text: text(shapes[0]) }),
  );
  const items = summary.layers.map((layer, i) => {
    const idle = ONLY_TRAINING.test(layer.type);
    const share = layer.parameters / (summary.totals.parameters || 1);
    const meter = el('span', { class: 'meter' });
    meter.style.setProperty('--share', `${Math.round(share * 100)}%`);
    return el('li', { class: `layer${idle ? ' idle' : ''}${layer.parameters ? ' learned' : ''}`, title: layer.name },
      block(shapes[i + 1], largest, layer.parameters ? 'learned' : 'plain'),
      el('b', layer.type),
      el('span', { class: 'num', text: text(shapes[i + 1]) }),
      layer.activation && layer.activation !== 'linear' ? el('span', { class: 'soft', text: layer.activation }) : null,
      layer.parameters
        ? [
            el('span', { class: 'num', text: t('understand.layers.parameters', { count: number(layer.parameters) }) }),
            meter,
            el('span', { class: 'soft num', text: percent(share) }),
          ]
        : null,
      idle ? el('span', { class: 'soft', text: t('understand.layers.idle') }) : null,
    );
  });
  return el('ol', { class: 'layers', 'aria-label': t('understand.layers') }, input, items);
}

/** Draw a block: a picture's face is as large as the picture, and as deep as it has channels. */
function block(shape, largest, kind) {
  const size = 64;
  const picture = svg('svg', { class: `block ${kind}`, width: size, height: size, viewBox: `0 0 ${size} ${size}`, 'aria-hidden': 'true' });
  const [height, width] = shape;
  if (shape.length < 2) {
    const tall = Math.min(60, 8 + 5.2 * Math.log2(Math.max(1, height ?? 1)));
    picture.append(svg('rect', { class: 'face', x: 28, y: (size - tall) / 2, width: 8, height: tall, rx: 2 }));
    return picture;
  }
  const side = (n) => Math.max(7, 36 * Math.sqrt((n ?? 1) / largest));
  const depth = Math.min(24, 2 + 3.2 * Math.log2(1 + (shape[2] ?? 1)));
  const [w, h] = [side(width), side(height)];
  const x = (size - w - depth * 0.8) / 2;
  const y = (size - h + depth * 0.6) / 2;
  const [dx, dy] = [depth * 0.8, -depth * 0.6];
  picture.append(
    svg('path', { class: 'top', d: `M${x} ${y}l${dx} ${dy}h${w}l${-dx} ${-dy}z` }),
    svg('path', { class: 'side', d: `M${x + w} ${y}l${dx} ${dy}v${h}l${-dx} ${-dy}z` }),
    svg('rect', { class: 'face', x, y, width: w, height: h }),
  );
  return picture;
}
