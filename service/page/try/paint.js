// Showing pixels.

import { el } from '../dom.js';

/** Paint bytes [height * width * channels] into a canvas, a pixel to a pixel; CSS makes it large. */
export function paintPixels(canvas, pixels, { height, width, channels }) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[i * 4 + c] = pixels[i * channels + (channels === 3 ? c : 0)];
    image.data[i * 4 + 3] = 255;
  }
  paintRaster(canvas, image);
}

/** Paint a raster; `box` is outlined in it where there is one. */
export function paintRaster(canvas, raster, box = null) {
  canvas.width = raster.width;
  canvas.height = raster.height;
  const ink = canvas.getContext('2d');
  ink.putImageData(raster instanceof ImageData ? raster : new ImageData(raster.data, raster.width), 0, 0);
  if (!box) return;
  const line = Math.max(2, Math.max(raster.width, raster.height) / 90);
  ink.lineWidth = line;
  ink.strokeStyle = '#e0457b';
  ink.strokeRect(
    Math.max(line / 2, box.left - line / 2),
    Math.max(line / 2, box.top - line / 2),
    Math.min(raster.width - line, box.width + line),
    Math.min(raster.height - line, box.height + line),
  );
}

/** Paint a plane of grey as wide as `width`. */
export function paintPlane(canvas, plane, width) {
  const height = plane.length / width;
  paintPixels(canvas, plane, { height, width, channels: 1 });
}

/** Return a canvas that says what it shows. */
export function frame(label, kind) {
  return el('canvas', { class: kind, role: 'img', 'aria-label': label, width: 1, height: 1 });
}
