"""Warm-up: every batch size in use is computed once before a version is ready, and its time measured."""

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.engine.port import Engine
from service.errors import ModelFailure
from service.rows import Rows, pack, unpack
from service.signature import Signature

_LONG_S = 0.01
_ANY_LENGTH = 8
"""Stands in for an axis that may have any length."""


def batch_sizes(max_rows: int) -> list[int]:
    """Return 1, 2, 4, ... and `max_rows`: the sizes that are compiled ahead and padded to."""
    sizes = [1]
    while sizes[-1] * 2 < max_rows:
        sizes.append(sizes[-1] * 2)
    return sizes if max_rows == 1 else [*sizes, max_rows]


def warm_up(engine: Engine, signature: Signature, sizes: list[int]) -> dict[int, float]:
    """Compute zeros of every batch size, and return the seconds that each takes, warm.

    Raises:
        ModelFailure: an output has another shape than the summary states.
    """
    rows = some_rows(signature, sizes[-1])
    seconds = {}
    for size in sizes:
        _check(unpack(engine.infer(rows[:size])), size, signature)
        seconds[size] = _seconds(engine, rows[:size])
    return seconds


def some_rows(signature: Signature, count: int) -> Rows:
    """Return rows of the least numbers that a model takes."""
    arrays = []
    for tensor in signature.inputs:
        shape = tuple(_ANY_LENGTH if n is None else n for n in tensor.shape)
        low = tensor.range[0] if tensor.range else 0.0
        arrays.append(np.full((count, *shape), low, tensor.dtype))
    return pack([tensor.name for tensor in signature.inputs], arrays)


def _check(outputs: list[NDArray[Any]], size: int, signature: Signature) -> None:
    for tensor, output in zip(signature.outputs, outputs, strict=True):
        if len(output) != size or not tensor.fits(output.shape[1:]):
            expected = "x".join("?" if n is None else str(n) for n in (size, *tensor.shape))
            got = "x".join(map(str, output.shape))
            raise ModelFailure(f"expected the output {tensor.name} of {expected}; got {got}")


def _seconds(engine: Engine, rows: Rows) -> float:
    """Time a size that was computed before: the first pass still builds what the runtime keeps for it.

    The best of some, for whatever else the machine does makes short times longer.
    """
    best = math.inf
    for _ in range(5):
        began = time.perf_counter()
        engine.infer(rows)
        best = min(best, time.perf_counter() - began)
        if best > _LONG_S:
            break
    return best
