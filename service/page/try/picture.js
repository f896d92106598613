// From a picture of anything to the pixels that a model was trained on. Numbers alone: no page, no canvas.
//
// Fashion-MNIST was made of shop pictures in such steps (arXiv:1708.07747, section 2); in the data itself the longest edge
// is 28 in 98 pictures of 100, and where an odd number of lines is left, the left and the top get the larger half.
//
// A raster is `{width, height, data}`, data of RGBA bytes, as ImageData is; a plane is a Float32Array [height * width].

import { BLACK, ground, shareOff } from './ground.js';
import { objectIn } from './object.js';
import { resized, sharpened } from './resize.js';

/** How the pictures of a data set were made. */
export const MANNERS = ['garment', 'digit', 'square', 'whole'];

/**
 * Prepare a picture for a model of `height` x `width` x `channels`.
 *
 * Returns `{pixels, box, flat, inverted, isEmpty}`. `pixels`: Uint8ClampedArray [height * width * channels].
 * `box`: `{left, top, width, height}`, what is used of the picture. `flat`, a plane, is the grey picture on an
 * evened white ground and `inverted` what the model sees of it before it is made small; null where the
 * manner has no such step. `isEmpty`: there is no object in the picture, or all of it is of one colour.
 *
 * Manners: `garment` trims, inverts a light ground, and fills the frame; `digit` leaves a margin and centres by weight;
 * `square` cuts the middle out; `whole` takes all, as the service does with a PNG. A drawing is on black.
 */
export function prepare(raster, tensor, manner, isDrawing = false) {
  const made = madeOf(raster, tensor, manner, isDrawing);
  return { ...made, isEmpty: made.isEmpty || made.pixels.every((value, i) => value === made.pixels[i % tensor.channels]) };
}

function madeOf(raster, { height, width, channels }, manner, isDrawing) {
  if (channels === 1 && (manner === 'garment' || manner === 'digit')) {
    return cutOut(raster, { height, width }, manner, isDrawing ? BLACK : ground(raster));
  }
  const box = manner === 'whole' ? whole(raster) : middle(raster, width / height);
  const planes = channels === 1 ? [evened(raster, BLACK)] : [0, 1, 2].map((c) => channel(raster, c));
  const pixels = new Uint8ClampedArray(height * width * channels);
  planes.forEach((plane, c) => {
    const small = resized(plane, raster.width, box, width, height);
    for (let i = 0; i < small.length; i++) pixels[i * channels + c] = small[i];
  });
  return { pixels, box, flat: null, inverted: null };
}

/** Turn pixels of a model's size about their vertical middle: what points right points left. */
export function mirrored(pixels, { height, width, channels }) {
  const turned = new Uint8ClampedArray(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++)
        turned[(y * width + x) * channels + c] = pixels[(y * width + width - 1 - x) * channels + c];
  return turned;
}

/** How much a photograph is sharpened: of 0 to 1, what brings it nearest to the test pictures (tests/browser/test_photos.py). */
const SHARPENING = 0.4;

/** Pixels by which the outline of a shoe must lean: see `pointsRight`. */
const LEANING = 0.7;

/**
 * Whether bytes [28 * 28] of a garment show a shoe whose toe is on the right.
 *
 * In Fashion-MNIST every shoe points to the left and is higher on the right: the middle of the columns, weighed by their
 * heights, lies right of the frame's by more than 0.7 pixels of 28 in 98 sneakers of 100, all boots and 8 sandals of
 * 10; of all 60,000 pictures, 1 in 160 leans so far to the left, nearly all sandals.
 */
export function pointsRight(pixels, { height, width }) {
  let sum = 0;
  let at = 0;
  const bottom = lowest(pixels, height, width);
  for (let x = 0; x < width; x++) {
    let y = 0;
    while (y <= bottom && pixels[y * width + x] <= 12) y++;
    sum += bottom + 1 - y;
    at += (bottom + 1 - y) * (x - (width - 1) / 2);
  }
  return sum > 0 && at / sum < (-LEANING * width) / 28;
}

function lowest(pixels, height, width) {
  for (let i = height * width - 1; i >= 0; i--) if (pixels[i] > 12) return Math.floor(i / width);
  return -1;
}

function cutOut(raster, { height, width }, manner, found) {
  const flat = evened(raster, found);
  const inverted = flat.map((value) => (found.isLight ? 255 - value : value));
  if (raster.width === width && raster.height === height) {
    return { pixels: Uint8ClampedArray.from(inverted), box: whole(raster), flat, inverted };
  }
  const { mask, box, isEmpty } = objectIn(shareOff(raster, found), raster.width, raster.height);
  // What lies around the object is noise.
  for (let i = 0; i < inverted.length; i++) if (!mask[i]) inverted[i] = 0;
  const frame = manner === 'digit' ? Math.round(Math.min(width, height) * (20 / 28)) : Math.min(width, height);
  const scale = frame / Math.max(box.width, box.height);
  const w = Math.max(1, Math.round(box.width * scale));
  const h = Math.max(1, Math.round(box.height * scale));
  const plain = resized(inverted, raster.width, box, w, h);
  const small = manner === 'garment' && found !== BLACK ? sharpened(plain, w, SHARPENING) : plain;
  const halves = [Math.ceil((width - w) / 2), Math.ceil((height - h) / 2)];
  const [left, top] = manner === 'digit' ? byWeight(small, w, h, width, height) : halves;
  return { pixels: laid(small, w, h, left, top, width, height), box, flat, inverted, isEmpty };
}

/** Where a small picture has its centre of mass in the middle of the frame. */
function byWeight(small, w, h, width, height) {
  let sum = 0;
  let atX = 0;
  let atY = 0;
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const value = small[y * w + x];
      sum += value;
      atX += value * (x + 0.5);
      atY += value * (y + 0.5);
    }
  const within = (at, most) => Math.min(Math.max(Math.round(at), 0), most);
  return [within(width / 2 - atX / (sum || 1), width - w), within(height / 2 - atY / (sum || 1), height - h)];
}

function laid(small, w, h, left, top, width, height) {
  const pixels = new Uint8ClampedArray(width * height);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) pixels[(top + y) * width + left + x] = small[y * w + x];
  return pixels;
}

/** Grey by ITU-R 601-2, as the service does it; a light ground is made white, whatever light fell on it. */
function evened(raster, found) {
  const plane = new Float32Array(raster.width * raster.height);
  const shown = (c, i) => {
    const value = raster.data[i * 4 + c];
    return found.isLight ? Math.min(255, (value * 255) / found.at(c, i)) : value;
  };
  for (let i = 0; i < plane.length; i++) plane[i] = 0.299 * shown(0, i) + 0.587 * shown(1, i) + 0.114 * shown(2, i);
  return plane;
}

function channel(raster, c) {
  const plane = new Float32Array(raster.width * raster.height);
  for (let i = 0; i < plane.length; i++) plane[i] = raster.data[i * 4 + c];
  return plane;
}

function whole({ width, height }) {
  return { left: 0, top: 0, width, height };
}

function middle({ width, height }, proportion) {
  const w = Math.min(width, height * proportion);
  const h = w / proportion;
  return { left: (width - w) / 2, top: (height - h) / 2, width: w, height: h };
}
