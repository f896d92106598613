"""One real picture, in every form in which it can be sent: for the documentation, and to be tried.

It is the first picture of the Fashion-MNIST test set, an ankle boot.
"""

import io
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image

from service.codecs import npy


@dataclass(frozen=True, slots=True)
class Example:
    """A body as it goes over the wire."""

    content_type: str
    body: bytes
    summary: str


@cache
def pixels() -> tuple[tuple[int, ...], ...]:
    """The picture: 28 rows of 28 values, 0 to 255."""
    return tuple(map(tuple, json.loads(files("service").joinpath("static/example-28x28.json").read_text())))


@cache
def bodies() -> dict[str, Example]:
    """Every example, by the name of its file."""
    array = np.array(pixels(), np.uint8)
    png, jpeg = io.BytesIO(), io.BytesIO()
    Image.fromarray(array).save(png, "PNG")
    Image.fromarray(array).save(jpeg, "JPEG", quality=95)
    text = json.dumps({"instances": pixels()}, separators=(",", ":")).encode()
    return {
        "boot.json": Example("application/json", text, "JSON: one picture, 28x28"),
        "boot.npy": Example("application/x-npy", npy.encode(array), "a NumPy array of 28x28 uint8"),
        "boot.bin": Example("application/octet-stream", array.tobytes(), "784 bytes, one a pixel"),
        "boot.png": Example("image/png", png.getvalue(), "a grey PNG"),
        "boot.jpg": Example("image/jpeg", jpeg.getvalue(), "a grey JPEG"),
    }
