"""Probe rows: the same few inputs for every preparation, and what the model says to them.

They find a model that answers NaN, and they are what a converted graph is compared on.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from modiste.artifact import TensorSpec
from modiste.prepare.faults import raise_machine_fault
from modiste.prepare.graph import structured
from modiste.reading import Reason, Refused
from modiste.reading.errors import first_line, shown

Array = np.ndarray[Any, np.dtype[Any]]

BATCHES = (1, 3, 12)
"""Rows in each probe: one alone, and sizes that no library favours."""

_SEED = 20
_UNKNOWN_LENGTH = {2: 16, 3: 16}  # by rank: vectors and sequences; anything else is an image
_UNKNOWN_SIDE = 64


def probe_inputs(specs: Sequence[TensorSpec]) -> list[list[Array]]:
    """Return, for each of `BATCHES`, one array per input, drawn evenly from the input's range.

    An axis of unknown length gets a usual one; an input of unknown range gets [0, 1], which no
    logarithm or root objects to.
    """
    random = np.random.default_rng(_SEED)
    return [[_draw(random, spec, rows) for spec in specs] for rows in BATCHES]


def _draw(random: np.random.Generator, spec: TensorSpec, rows: int) -> Array:
    unknown = _UNKNOWN_LENGTH.get(len(spec.shape), _UNKNOWN_SIDE)
    shape = (rows, *(length or unknown for length in spec.shape[1:]))
    low, high = spec.range or (0.0, 1.0)
    if np.dtype(spec.dtype).kind in "iub" or spec.range is not None:
        return random.integers(int(low), int(high), shape, endpoint=True).astype(spec.dtype)
    return random.uniform(low, high, shape).astype(spec.dtype)


def predict(model: keras.Model, inputs: Sequence[Array]) -> list[Array]:
    """Return the model's outputs for one batch, each float32 [rows, ...]."""
    outputs = keras.tree.flatten(model(structured(model, list(inputs)), training=False))
    return [np.asarray(keras.ops.cast(output, "float32")) for output in outputs]


def probe(model: keras.Model, batches: Sequence[Sequence[Array]], specs: Sequence[TensorSpec]) -> None:
    """Let the model answer every batch, and refuse it where the answers are none.

    Raises:
        Refused: it cannot be run, or an output is not finite or of another shape than declared.
    """
    for arrays in batches:
        try:
            outputs = predict(model, arrays)
        except Exception as error:  # whatever its layers raise
            raise_machine_fault(error)
            raise Refused(
                Reason.CANNOT_RUN, f"it cannot answer ordinary input: {first_line(error)}"
            ) from error
        for spec, output in zip(specs, outputs, strict=True):
            _check_output(spec, output, len(arrays[0]))


def _check_output(spec: TensorSpec, output: Array, rows: int) -> None:
    declared = (rows, *spec.shape[1:])
    fits = output.ndim == len(declared) and all(
        length in (None, found) for length, found in zip(declared, output.shape, strict=True)
    )
    if not fits:
        detail = f"the output {shown(spec.name)} has the shape {output.shape}, not the declared {spec.shape}"
        raise Refused(Reason.OUTPUT_SHAPE, detail)
    if not np.isfinite(output).all():
        detail = f"the output {shown(spec.name)} is NaN or infinite for ordinary input"
        raise Refused(Reason.OUTPUT_NOT_FINITE, detail)
