// The left card of Try: where a picture comes from. The drawing and its tools, the photograph, the samples.

import { button, el, fill, fine } from '../dom.js';
import { frame, paintPixels, paintRaster } from './paint.js';

/** Build the card, and the row of samples. Returns `{element, samples, show(source), showSamples(samples, names), say(text), refuse()}`. */
export function stage({ t, failed }, tensor, sketch, actions) {
  const shown = frame(t('try.yours'), 'shown');
  const status = el('p', { class: 'sr', role: 'status' });
  const trouble = el('div');
  const strip = el('div', { class: 'strip' });
  const samples = el('section', { class: 'samples', hidden: true, 'aria-labelledby': 'samples-title' }, el('h2', { id: 'samples-title', text: t('try.samples') }), strip);
  const file = el('input', { type: 'file', accept: 'image/*', class: 'sr', tabindex: '-1', 'aria-hidden': 'true' });
  file.addEventListener('change', () => {
    if (file.files[0]) actions.takeFile(file.files[0]);
    file.value = '';
  });
  const choose = button(t('try.choose'), () => file.click());
  const draw = button(t('try.draw'), () => begin());
  const tools = drawingTools(t, sketch);
  const element = el('section', { class: 'card stage', 'aria-label': t('try.picture') },
    el('h2', t('try.picture')),
    trouble,
    el('div', { class: 'ground' }, sketch.element, shown),
    tools,
    el('div', { class: 'row' }, draw, choose, file),
    fine(t('try.drop')),
    el('p', { class: 'sr', id: 'sketch-help', text: t('try.keys') }),
    status,
  );

  function begin() {
    actions.takeDrawing();
    sketch.canvas.focus();
  }

  function show(source) {
    const isDrawing = source.kind === 'drawing';
    fill(trouble);
    sketch.element.hidden = !isDrawing;
    tools.hidden = !isDrawing;
    draw.hidden = isDrawing;
    shown.hidden = isDrawing;
    shown.classList.toggle('pixels', source.kind === 'sample');
    shown.parentElement.classList.toggle('light', source.kind === 'photo');
    if (source.kind === 'sample') paintPixels(shown, source.pixels, tensor);
    if (source.kind === 'photo') paintRaster(shown, source.raster);
    for (const [i, button] of [...strip.children].entries())
      button.setAttribute('aria-pressed', String(source.kind === 'sample' && source.index === i));
  }

  function showSamples(found, names) {
    samples.hidden = !found.length;
    const buttons = found.map((sample, i) => {
      const name = names?.[sample.truth] ?? String(sample.truth);
      const small = el('canvas', { 'aria-hidden': 'true' });
      paintPixels(small, sample.pixels, tensor);
      return el('button', { title: name, 'aria-label': t('try.sample', { number: i + 1, name }), on: { click: () => actions.takeSample(sample, i) } },
        small,
      );
    });
    fill(strip, buttons);
  }

  return { element, samples, show, showSamples, say: (text) => fill(status, text), refuse: () => failed(trouble, { message: t('try.unreadable') }) };
}

function drawingTools(t, sketch) {
  const size = el('input', { type: 'range', id: 'brush-size', min: '6', max: '72', value: String(sketch.size) });
  const shade = el('input', { type: 'range', id: 'brush-shade', min: '0', max: '255', step: '5', value: String(sketch.shade) });
  size.addEventListener('input', () => (sketch.size = Number(size.value)));
  shade.addEventListener('input', () => (sketch.shade = Number(shade.value)));
  return el('div', { class: 'drawing' },
    el('label', { for: size.id, text: t('try.size') }),
    size,
    el('label', { for: shade.id, text: t('try.shade') }),
    shade,
    el('div', { class: 'row' },
      button(t('try.undo'), () => sketch.undo()),
      button(t('try.clear'), () => sketch.clear()),
    ),
  );
}
