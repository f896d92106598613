// Pictures from outside: chosen, dropped, pasted. They never leave the page but as the pixels that the model gets.

const LARGEST = 320;

/** Return the first picture among what was dropped, pasted or chosen; null where there is none. */
export function pictureAmong(transfer) {
  return [...(transfer?.files ?? [])].find((file) => file.type.startsWith('image/')) ?? null;
}

/** Whether a drag carries a file. */
export function carriesFile(transfer) {
  return [...(transfer?.types ?? [])].includes('Files');
}

/**
 * Return a picture's raster: upright, on white where it is transparent, made small where it is large.
 *
 * Throws where the browser cannot read it.
 */
export async function rasterOf(blob) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const ink = canvas.getContext('2d', { willReadFrequently: true });
  ink.fillStyle = '#fff';
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.imageSmoothingQuality = 'high';
  ink.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return ink.getImageData(0, 0, canvas.width, canvas.height);
}
