"""One row of sample images with their labels, drawn by Pillow so that the base install can."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_TILE = 112  # pixels on the page for one image
_GAP = 12
_CAPTION = 24
_FONT_SIZE = 14


def draw_row(x: NDArray[np.uint8], captions: list[str], path: Path) -> None:
    """Draw images in one row, each over its caption, and save them in the format of the path's suffix.

    Grey images are drawn dark on white: their background is 0, which would print as a black block.

    Args:
        x: uint8 [rows, height, width] or [rows, height, width, 3].
        captions: one for each row.
        path: where to write; the folder must exist.

    Raises:
        OSError: the file cannot be written.
        ValueError: the suffix names no format of pictures.
    """
    width = len(x) * (_TILE + _GAP) + _GAP
    page = Image.new("RGB", (width, _TILE + _CAPTION + 2 * _GAP), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(_FONT_SIZE)
    for column, (pixels, caption) in enumerate(zip(x, captions, strict=True)):
        left = _GAP + column * (_TILE + _GAP)
        page.paste(_tile(pixels), (left, _GAP))
        centre = (left + _TILE // 2, _GAP + _TILE + _CAPTION // 2)
        pen.text(centre, caption, fill="black", font=font, anchor="mm")
    page.save(path)


def _tile(pixels: NDArray[np.uint8]) -> Image.Image:
    shown = 255 - pixels if pixels.ndim == 2 else pixels
    return Image.fromarray(shown).resize((_TILE, _TILE), Image.Resampling.NEAREST)
