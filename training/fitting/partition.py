"""Validation data: a part of the training images that no step ever sees.

The epoch to keep is chosen by validation data and never by test data, which are looked at once.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.errors import RecipeError


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Training data in two parts; `x` is uint8 [rows, height, width, ...], `y` has one label a row."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[Any]
    x_validation: NDArray[np.uint8]
    y_validation: NDArray[Any]


def hold_out(x: NDArray[np.uint8], y: NDArray[Any], share: float, seed: int) -> Partition:
    """Hold out a share of the rows, chosen at random by `seed`.

    The rows and their order are those of scikit-learn's ``train_test_split(test_size=share,
    random_state=seed)``, which the references were measured with; hence the old generator.

    Raises:
        RecipeError: no row would be left.
    """
    rows = len(x)
    order = np.random.RandomState(seed).permutation(rows)
    held = math.ceil(share * rows)
    validation, rest = order[:held], order[held:]
    if not len(rest):
        raise RecipeError(f"data.validation is {share:g}, which leaves none of {rows:,} images to learn from")
    return Partition(x[rest], y[rest], x[validation], y[validation])
