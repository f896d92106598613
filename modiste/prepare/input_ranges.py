"""The range that a model expects of its input, told from the layers that read the input first."""

import math
from typing import Any

import keras

# What a model may do with its input before the layer that gives the range away.
_TRANSPARENT = frozenset({"Flatten", "Identity", "Masking", "Permute", "Reshape", "Resizing", "CenterCrop"})


def input_range(tensor: Any, model: keras.Model) -> tuple[float, float] | None:
    """Return the range of one of a model's inputs, or None where no layer tells it.

    A first `Rescaling` to [0, 1] or [-1, 1] tells the range that it maps from, an `Embedding` the
    numbers that it has vectors for.
    """
    reader = _first_reader(tensor)
    match type(reader).__name__:
        case "Rescaling":
            return _rescaled(reader.scale, reader.offset)
        case "Embedding":
            return 0.0, float(reader.input_dim - 1)
    return None


def _first_reader(tensor: Any) -> Any:
    """Return the one layer that reads a tensor first; None where there are several."""
    while True:
        operation = tensor._keras_history.operation
        nodes = [node for node in operation._outbound_nodes if tensor in node.input_tensors]
        if len(nodes) != 1:
            return None
        reader = nodes[0].operation
        if isinstance(reader, keras.Model):
            tensor = reader.inputs[nodes[0].input_tensors.index(tensor)]
        elif type(reader).__name__ in _TRANSPARENT or type(reader).__name__.startswith("Random"):
            tensor = nodes[0].output_tensors[0]
        else:
            return reader


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
