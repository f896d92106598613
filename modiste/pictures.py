"""Pixels of a picture as it is meant to be seen: upright, on white, of one or of three channels.

What is done, in this order: EXIF rotation applied, 16 bits of grey brought to 8, transparency laid over
white, turned to grey (ITU-R 601-2 luma) or to RGB, and resized where another size is asked for, with an
antialiased Lanczos filter (the whole picture, its aspect not kept). Training and serving both use this,
so that a model sees at work what it saw when it learned.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Mode = Literal["L", "RGB"]


def pixels(picture: Image.Image, mode: Mode, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return uint8 [height, width] for mode ``L``, [height, width, 3] for ``RGB``.

    Args:
        picture: an opened picture; it may be one whose pixels are yet to be decoded.
        mode: grey or colour.
        size: height and width to bring it to.

    Raises:
        OSError, SyntaxError, ValueError, Image.DecompressionBombError: it cannot be decoded.
    """
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips it at 255
        deep = np.asarray(upright).astype(np.int64) >> 8
        upright = Image.fromarray(deep.clip(0, 255).astype(np.uint8))
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    converted = (
        upright.convert("RGB").convert(mode) if upright.mode not in ("L", mode) else upright.convert(mode)
    )
    return np.asarray(resized(converted, size))


def resized(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """Return the picture at a height and width, or itself where it has them or none is asked for."""
    if size is None or (picture.height, picture.width) == size:
        return picture
    return picture.resize((size[1], size[0]), Image.Resampling.LANCZOS)
