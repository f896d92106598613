"""Models of growing size, made by Keras and prepared as any other.

``python -m bench.growth_models FOLDER dense-10000 ...``

A process of its own, for TensorFlow takes a gigabyte. Dense ones have two hidden layers of one width,
convolutional ones three layers of growing depth; weights are as initialised, for time does not
depend on them. Each becomes version 1 of a model named by its kind and size.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import isqrt
from pathlib import Path
from typing import Any

from bench.workloads import ROOT

DENSE = (10_000, 100_000, 1_000_000, 10_000_000, 50_000_000)
CONVOLUTIONAL = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Made:
    """One model, served under its name."""

    name: str
    kind: str
    parameters: int


Wanted = tuple[str, int]
"""A kind and a size in parameters."""

ALL: list[Wanted] = [("dense", n) for n in DENSE] + [("convolutional", n) for n in CONVOLUTIONAL]


def make_apart(folder: Path, wanted: Sequence[Wanted] = ALL) -> list[Made]:
    """Make models in a process of its own."""
    named = [f"{kind}-{size}" for kind, size in wanted]
    command = [sys.executable, "-m", "bench.growth_models", str(folder), *named]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    said = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout
    return [Made(**made) for made in json.loads(said.splitlines()[-1])]


def make(folder: Path, names: Sequence[str]) -> list[Made]:
    """Make models here, each named by its kind and size."""
    build = {"dense": _dense, "convolutional": _convolutional}
    wanted = [(kind, int(size)) for kind, size in (name.split("-") for name in names)]
    return [_made(folder, kind, size, build[kind]) for kind, size in wanted]


def _made(folder: Path, kind: str, size: int, build: Callable[[int], list[Any]]) -> Made:
    import keras

    from modiste.artifact import KERAS
    from modiste.prepare import prepare

    first = [keras.Input((28, 28)), keras.layers.Rescaling(1 / 255)]
    model = keras.Sequential([*first, *build(size), keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy")
    name = f"{kind}-{size}"
    version = folder / name / "1"
    version.mkdir(parents=True)
    model.save(version / KERAS)
    prepare(version / KERAS, version)
    parameters: int = model.count_params()
    print(f"{name}: {parameters:,} parameters", file=sys.stderr)
    return Made(name, kind, parameters)


def _dense(size: int) -> list[Any]:
    import keras

    # width^2 + 796 width + 10 = size
    width = (isqrt(796**2 + 4 * size) - 796) // 2
    hidden = [keras.layers.Dense(width, activation="relu") for _ in range(2)]
    return [keras.layers.Flatten(), *hidden]


def _convolutional(size: int) -> list[Any]:
    import keras

    # The second and third layer hold 18 and 72 weights for each pair of the first one's filters.
    filters = isqrt(size // 90)
    layers = [keras.layers.Conv2D(filters * n, 3, activation="relu") for n in (1, 2, 4)]
    pooled = [layers[0], keras.layers.MaxPooling2D(), layers[1], keras.layers.MaxPooling2D(), layers[2]]
    return [keras.layers.Reshape((28, 28, 1)), *pooled, keras.layers.GlobalAveragePooling2D()]


if __name__ == "__main__":
    print(json.dumps([asdict(made) for made in make(Path(sys.argv[1]), sys.argv[2:])]))
