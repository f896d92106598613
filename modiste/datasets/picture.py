"""One row of sample images with their labels, drawn by Pillow so that the base install can."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_TILE = 112  # pixels on the page for one image
_GAP = 12
_CAPTION = 24
_FONT_SIZE = 14
_GROUND = 0.3  # share of zeros; it is about a half in Fashion-MNIST and four fifths in MNIST


def draw_row(x: NDArray[np.uint8], captions: list[str], path: Path) -> bool:
    """Draw images in one row, each over its caption, and save them in the format of the path's suffix.

    Grey images on a ground of 0 are drawn dark on white, for they would print as black blocks; grey
    photographs, in which hardly a pixel is exactly 0, and colour as they are. A caption wider than its
    image is cut short.

    Args:
        x: uint8 [rows, height, width] or [rows, height, width, 3].
        captions: one for each row; Pillow's own font draws ASCII alone, and boxes for all else.
        path: where to write; the folder must exist.

    Returns:
        Whether they are drawn inverted.

    Raises:
        OSError: the file cannot be written.
        ValueError: the suffix names no format of pictures.
    """
    width = len(x) * (_TILE + _GAP) + _GAP
    page = Image.new("RGB", (width, _TILE + _CAPTION + 2 * _GAP), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(_FONT_SIZE)
    inverted = x.ndim == 3 and (x == 0).mean() > _GROUND
    for column, (pixels, caption) in enumerate(zip(x, captions, strict=True)):
        left = _GAP + column * (_TILE + _GAP)
        tile = _tile(255 - pixels if inverted else pixels)
        page.paste(tile, (left + (_TILE - tile.width) // 2, _GAP + (_TILE - tile.height) // 2))
        centre = (left + _TILE // 2, _GAP + _TILE + _CAPTION // 2)
        pen.text(centre, _fitting(caption, font), fill="black", font=font, anchor="mm")
    page.save(path)
    return bool(inverted)


def _tile(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return the image as large as fits the tile; small ones keep their pixels visible."""
    image = Image.fromarray(pixels)
    scale = _TILE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def _fitting(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    line = " ".join(caption.split())[:100]
    shown = line
    while font.getlength(shown) > _TILE + _GAP // 2:
        line = line[:-1]
        shown = f"{line.rstrip()}..."
    return shown
