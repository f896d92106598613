"""``image/png`` and ``image/jpeg``: one picture to one row of the model's size.

What is done, in this order: EXIF rotation applied, transparency laid over white, turned to grey (ITU-R
601-2 luma) for a model of one channel or to RGB for one of three, resized to the model's height and
width with an antialiased Lanczos filter where it has another size (the whole picture, its aspect
not kept), and scaled to the model's range where that is not 0 to 255.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from service.errors import InvalidInput, MalformedBody, TooLarge, UnsupportedMediaType
from service.signature import Signature

CONTENT_TYPES = ("image/png", "image/jpeg")

_FORMATS = ("PNG", "JPEG")


def decode(body: bytes, signature: Signature, max_pixels: int) -> NDArray[Any]:
    """Return one row [1, *signature.shape]: uint8, or float32 where the model's range is not 0 to 255.

    Raises:
        UnsupportedMediaType: the model's input is no picture of one or three channels.
        MalformedBody: no complete PNG or JPEG.
        TooLarge: more than `max_pixels`, found before a pixel is decoded.
    """
    height, width, channels = _picture_shape(signature)
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
            if picture.width * picture.height > max_pixels:
                raise TooLarge(
                    f"a picture may have {max_pixels} pixels; got {picture.width}x{picture.height}"
                )
            pixels = _pixels(picture, (width, height), "L" if channels == 1 else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        known = body.startswith((b"\x89PNG", b"\xff\xd8"))
        came = "this one is damaged or cut short" if known else "what came is neither"
        raise MalformedBody(f"expected a PNG or JPEG picture; {came}") from error
    return _in_range(pixels, signature).reshape((1, *(n for n in signature.shape if n is not None)))


def _picture_shape(signature: Signature) -> tuple[int, int, int]:
    shape = signature.concrete_shape
    if shape is not None and len(shape) == 2:
        return (*shape, 1)
    if shape is not None and len(shape) == 3 and shape[2] in (1, 3):
        return shape
    raise UnsupportedMediaType("this model's input is no picture; send JSON or .npy to it")


def _pixels(picture: Image.Image, size: tuple[int, int], mode: str) -> NDArray[Any]:
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
    if converted.size != size:
        converted = converted.resize(size, Image.Resampling.LANCZOS)
    return np.asarray(converted)


def _in_range(pixels: NDArray[Any], signature: Signature) -> NDArray[Any]:
    if signature.range is None:
        raise InvalidInput(
            "nothing states the range of this model's input, so a picture cannot be scaled to it"
        )
    if signature.takes_bytes:
        return pixels
    low, high = signature.range
    return (low + pixels.astype(np.float32) * ((high - low) / 255)).astype(np.float32)
