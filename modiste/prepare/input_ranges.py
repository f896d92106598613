"""The range that a model expects of its input, told from the layers that read the input first."""

import math
from typing import Any

import keras

from modiste.prepare.graph import forwards
from modiste.reading.allow_list import IDENTITY_AT_INFERENCE

# What a model may do with its input before the layer that gives the range away.
_TRANSPARENT = frozenset({"CenterCrop", "Flatten", "Identity", "Permute", "RandomCrop", "Reshape"})


def input_range(tensor: Any, model: keras.Model) -> tuple[float, float] | None:
    """Return the range of one of a model's inputs, or None where no layer tells it.

    A first `Rescaling` to [0, 1] or [-1, 1] tells the range that it maps from, an `Embedding` the
    numbers that it has vectors for.
    """
    for layer in forwards(tensor, model):
        kind = type(layer).__name__
        if kind == "Rescaling":
            return _rescaled(layer.scale, layer.offset)
        if kind == "Embedding":
            return 0.0, float(layer.input_dim - 1)
        if kind not in _TRANSPARENT and kind not in IDENTITY_AT_INFERENCE:
            return None
    return None


def _rescaled(scale: Any, offset: Any) -> tuple[float, float] | None:
    if not isinstance(scale, int | float) or not isinstance(offset, int | float) or scale <= 0:
        return None
    known = {(1 / 255, 0.0): (0.0, 255.0), (1 / 127.5, -1.0): (0.0, 255.0)}
    for (known_scale, known_offset), found in known.items():
        if math.isclose(scale, known_scale, rel_tol=1e-3) and math.isclose(
            offset, known_offset, abs_tol=1e-3
        ):
            return found
    return None
