"""Data of one's own as they were read: a training part, and a test part or a share held out for it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.datasets.records import Labels


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Images and their labels, as in `Split`."""

    x: NDArray[np.uint8]
    y: Labels

    def rows(self, chosen: NDArray[np.bool_]) -> "Part":
        """Return the rows that are chosen, in their order."""
        return Part(self.x[chosen], self.y[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class OwnParts:
    """What a file or a folder holds; `test` is None where it states none. `unread` as in `Dataset`."""

    class_names: tuple[str, ...]
    train: Part
    test: Part | None
    unread: tuple[str, ...] = ()


def label_dtype(classes: int) -> np.dtype[Any]:
    """Return the dtype of labels: uint8 as the published data sets have, int64 where that is too small."""
    return np.dtype(np.uint8 if classes <= 256 else np.int64)


def hold_out(part: Part, share: float, seed: int) -> tuple[Part, Part]:
    """Divide a part into training and test rows, class by class, so that each has its share in both.

    Of a class with n rows ``round(share * n)`` are held out, but at least one where n is 2 or more, and
    never all. The rows keep their order; `seed` alone decides which they are.
    """
    random = np.random.default_rng(seed)
    held = np.zeros(len(part.y), bool)
    for number in np.unique(part.y):
        rows = np.flatnonzero(part.y == number)
        wanted = min(max(math.floor(share * len(rows) + 0.5), 1), len(rows) - 1)
        held[random.permutation(rows)[:wanted]] = True
    return part.rows(~held), part.rows(held)
