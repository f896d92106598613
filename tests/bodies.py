"""Request bodies that tests need in several places."""

import io

import numpy as np
from PIL import Image


def npy(array: np.ndarray) -> bytes:
    """An array as an ``.npy`` file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """Grey or coloured pixels as a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
