"""Warm-up: every batch size in use is computed once before a version is ready, and its time measured."""

import math
import time

import numpy as np
from numpy.typing import NDArray

from service.engine.port import Engine
from service.errors import ModelFailure
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
    shape = tuple(_ANY_LENGTH if n is None else n for n in signature.shape)
    low = signature.range[0] if signature.range else 0.0
    rows = np.full((sizes[-1], *shape), low, np.float32)
    seconds = {}
    for size in sizes:
        outputs = engine.infer(rows[:size])
        if outputs.shape != (size, signature.units):
            raise ModelFailure(f"expected outputs of {size}x{signature.units}; got {outputs.shape}")
        seconds[size] = _seconds(engine, rows[:size])
    return seconds


def _seconds(engine: Engine, rows: NDArray[np.float32]) -> float:
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
