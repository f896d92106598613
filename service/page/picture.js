// Pictures out of numbers: pixels [height][width] or [height][width][channels], 0 to 255, on a canvas. And the
// one that the reader asked about last, so that one part of the page can go on where another was.

let last = null;

/** Remember what was asked about: pixels in the model's own range. */
export function hold(pixels) {
  last = pixels;
}

/** Return what was asked about last where it fits a model's input of `shape`, without the batch, else null. */
export function held(shape) {
  const plain = (list) => list.filter((n, i) => i < 2 || n !== 1).join();
  return last && plain(shapeOf(last)) === plain(shape) ? last : null;
}

/** Return the shape of nested lists. */
export function shapeOf(pixels) {
  const shape = [];
  for (let at = pixels; Array.isArray(at); [at] = at) shape.push(at.length);
  return shape;
}

/** Return the red, green and blue of one pixel. */
function colour(pixel) {
  if (!Array.isArray(pixel)) return [pixel, pixel, pixel];
  return pixel.length < 3 ? [pixel[0], pixel[0], pixel[0]] : pixel;
}

/** Draw pixels on a canvas of their size. `paint(rgb, row, column)` may change each; `range` is the model's. */
export function draw(canvas, pixels, paint = (rgb) => rgb, range = [0, 255]) {
  const [height, width] = shapeOf(pixels);
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext('2d');
  const data = brush.createImageData(width, height);
  const [low, high] = range;
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 4) {
      const rgb = colour(pixels[row][column]).map((value) => ((value - low) / (high - low)) * 255);
      data.data.set([...paint(rgb, row, column).slice(0, 3), 255], at);
    }
  }
  brush.putImageData(data, 0, 0);
  return canvas;
}

const FOR = [200, 30, 80];
const AGAINST = [20, 90, 200];

/** Draw pixels under a map [height][width] of importance: red speaks for, blue against, up to `most`. */
export function drawMap(canvas, pixels, map, most, range) {
  return draw(
    canvas,
    pixels,
    (rgb, row, column) => {
      const value = map[row][column] / (most || 1);
      const strength = Math.min(1, Math.abs(value)) ** 0.8 * 0.9;
      const ink = value > 0 ? FOR : AGAINST;
      const grey = 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2];
      return ink.map((one) => (1 - strength) * (40 + grey * 0.75) + strength * one);
    },
    range,
  );
}
