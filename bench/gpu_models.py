"""The two networks that are measured on a device: untrained, for speed does not depend on the weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.workloads import IMAGES
from modiste.artifact import KERAS, Head
from service.signature import Input, Output, Signature

_FLOAT = np.dtype(np.float32)
SIGNATURE = Signature(
    (Input("pixels", (28, 28), _FLOAT, (0.0, 255.0)),),
    (Output("classes", (10,), _FLOAT, Head.SOFTMAX, None),),
)

NAMES = {"mlp": "MLP 784-100-10", "cnn": "CNN, 392,000 parameters"}


def write(artifacts: Path, names: Sequence[str]) -> dict[str, Path]:
    """Save some as version 1 of models of their own, unprepared, and return the files by name."""
    import keras

    keras.utils.set_random_seed(1)
    files = {}
    builders = {"mlp": _mlp, "cnn": _cnn}
    for name in names:
        files[name] = artifacts / name / "1" / KERAS
        files[name].parent.mkdir(parents=True)
        builders[name](keras).save(files[name])
    return files


def _mlp(keras: Any) -> Any:
    layers = keras.layers
    inner = [layers.Flatten(), layers.Dense(100, "relu"), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255), *inner])


def _cnn(keras: Any) -> Any:
    """Four convolutions and two dense layers, as a good Fashion-MNIST classifier has them."""
    layers = keras.layers
    inner = [layers.Reshape((28, 28, 1))]
    for filters in (32, 64):
        inner += [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        inner += [layers.MaxPooling2D()]
    inner += [layers.Flatten(), layers.Dense(104, "relu"), layers.Dropout(0.3), layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255), *inner])


def batches(rows: int, count: int) -> list[NDArray[np.uint8]]:
    """Return batches of real images, each in another order: uint8 [rows, 28, 28]."""
    with np.load(IMAGES) as data:
        images = data["x"]
    random = np.random.default_rng(0)
    return [images[random.integers(0, len(images), rows)] for _ in range(count)]
