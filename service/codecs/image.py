"""``image/png`` and ``image/jpeg``: one picture to one row of the model's size.

It is read as `modiste.pictures` reads it, grey for a model of one channel and RGB for one of three, at
the model's height and width, and scaled to the model's range where that is not 0 to 255.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modiste.pictures import pixels
from service.errors import InvalidInput, MalformedBody, TooLarge, UnsupportedMediaType
from service.signature import Input

CONTENT_TYPES = ("image/png", "image/jpeg")

_FORMATS = ("PNG", "JPEG")


def decode(body: bytes, tensor: Input, max_pixels: int) -> NDArray[Any]:
    """Return one row [1, *tensor.shape]: uint8, or float32 where the model's range is not 0 to 255.

    Raises:
        UnsupportedMediaType: the model's input is no picture of one or three channels.
        MalformedBody: no complete PNG or JPEG.
        TooLarge: more than `max_pixels`, found before a pixel is decoded.
    """
    height, width, channels = _picture_shape(tensor)
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
            if picture.width * picture.height > max_pixels:
                raise TooLarge(
                    f"a picture may have {max_pixels} pixels; got {picture.width}x{picture.height}"
                )
            found = pixels(picture, "L" if channels == 1 else "RGB", (height, width))
    except Image.DecompressionBombError as error:  # Pillow's own limit, for the largest of all
        raise TooLarge(f"a picture may have {max_pixels} pixels; this one states far more") from error
    except (TooLarge, MemoryError):
        raise
    except Exception as error:  # what Pillow raises for damaged files is of many kinds, and grows
        known = body.startswith((b"\x89PNG", b"\xff\xd8"))
        came = "this one is damaged or cut short" if known else "what came is neither"
        raise MalformedBody(f"expected a PNG or JPEG picture; {came}") from error
    return _in_range(found, tensor).reshape((1, *(n for n in tensor.shape if n is not None)))


def _picture_shape(tensor: Input) -> tuple[int, int, int]:
    shape = tensor.concrete_shape
    if shape is not None and len(shape) == 2:
        return (*shape, 1)
    if shape is not None and len(shape) == 3 and shape[2] in (1, 3):
        return shape
    raise UnsupportedMediaType("this model's input is no picture; send JSON or .npy to it")


def _in_range(found: NDArray[Any], tensor: Input) -> NDArray[Any]:
    if tensor.range is None:
        raise InvalidInput(
            "nothing states the range of this model's input, so a picture cannot be scaled to it"
        )
    if tensor.takes_bytes:
        return found
    low, high = tensor.range
    return (low + found.astype(np.float32) * ((high - low) / 255)).astype(np.float32)
