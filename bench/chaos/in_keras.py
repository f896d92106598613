"""The models of a chaos run in Keras itself: what is published raw, and what says how each must answer."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.models import weights

_BACKEND = "KERAS_BACKEND"


def import_keras() -> Any:
    """Import Keras, to compute with NumPy unless it was imported before; the server does not notice."""
    before = os.environ.get(_BACKEND)
    os.environ[_BACKEND] = "numpy"
    try:
        import keras
    finally:
        del os.environ[_BACKEND]
        if before is not None:
            os.environ[_BACKEND] = before
    return keras


@lru_cache(maxsize=64)
def model(seed: int) -> Any:
    """Return the model that `tests.models.write_version` writes prepared."""
    keras = import_keras()
    layers = keras.layers
    dense = layers.Dense(10, use_bias=False, activation="softmax")
    made = keras.Sequential([keras.Input((28, 28), name="pixels"), layers.Flatten(), dense])
    dense.set_weights([weights(seed=seed)])
    return made


def answers(seed: int, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what that model answers: float32 [rows, 10]."""
    found: NDArray[np.float32] = import_keras().ops.convert_to_numpy(model(seed)(pixels.astype(np.float32)))
    return found


def save(seed: int, path: Path) -> None:
    """Write that model as a ``.keras`` file."""
    model(seed).save(path)
