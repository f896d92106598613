"""An epoch of `modiste train` beside one of plain Keras: ``python -m bench.training``.

The network is that of the recipe fashion-relu: 784-100-10, batches of 32, 48,000 images of Fashion-MNIST.
Plain Keras is what people write by hand: images scaled to floats, ``model.fit``, nothing else. Ours does
all that a run does: the same result each time, progress, watching for signals and broken losses, and
after each epoch the run's state and its log on disk. Each has a process of its own, since determinism is
a setting of the process, and they take turns, so that a busy minute of the machine meets both.
"""

import io
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bench.machine import commit, machine, now, versions

_RECIPE = "fashion-relu"


def main(
    repeats: Annotated[int, typer.Option(min=1, help="Pairs of epochs.")] = 9,
    out: Annotated[Path, typer.Option(help="Write the figures here.")] = Path("bench/results/training.json"),
) -> None:
    """Time pairs of epochs and print the seconds of each and the median of their ratios."""
    with _in_turn(_ours) as ours, _in_turn(_bare) as bare:
        pairs = [(ours(), bare()) for _ in range(repeats + 1)][1:]  # the first compiles
    ratios = [mine / theirs for mine, theirs in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    typer.echo(
        f"An epoch of {_RECIPE}: {mine:.2f} s; by a bare model.fit {theirs:.2f} s; median of "
        f"{repeats} ratios {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})."
    )
    found = {
        "seconds": [[round(value, 3) for value in pair] for pair in pairs],
        "ratio": statistics.median(ratios),
    }
    facts = {"machine": machine(), "versions": versions(), "commit": commit(), "at": now()}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(facts | found, indent=2) + "\n")


@contextmanager
def _in_turn(epochs: Callable[[], Iterator[float]]) -> Iterator[Callable[[], float]]:
    """Run the generator in a process of its own; the call lets it run one epoch and gives its seconds."""
    here, there = Pipe()
    process = get_context("spawn").Process(target=_answer, args=(epochs, there), daemon=True)
    process.start()

    def one() -> float:
        here.send(True)
        return float(here.recv())

    yield one
    here.send(False)
    process.join()


def _answer(epochs: Callable[[], Iterator[float]], pipe: Connection) -> None:
    each = epochs()
    while pipe.recv():
        pipe.send(round(next(each), 3))


def _ours() -> Iterator[float]:
    """Train one epoch at each step, with all that belongs to a run, and give its seconds."""
    from training.starting import start_keras

    start_keras()
    from training.catalog import read_recipe
    from training.fitting.fit import fit, steps_per_epoch
    from training.fitting.partition import hold_out
    from training.fitting.run import Run
    from training.loading import load_data
    from training.logs import open_logs
    from training.model.compilation import compile_model
    from training.model.network import build

    recipe = read_recipe(_RECIPE)
    train = load_data(recipe.data).train
    data = hold_out(train.x, train.y.astype(np.int64), recipe.data.validation, recipe.data.split_seed)
    model = build(recipe, (28, 28), 10)
    compile_model(model, recipe, steps_per_epoch(recipe, len(data.x_train)))
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        run = Run.begin(Path(folder) / "run", {})
        logs = open_logs(run.folder, tensorboard=False, mlflow=None, name=_RECIPE)
        for epoch in itertools.count(1):
            started = time.perf_counter()
            fit(model, read_recipe(_RECIPE, {"fit.epochs": epoch}), data, run.state, run.save, logs)
            yield time.perf_counter() - started


def _bare() -> Iterator[float]:
    """Train the same network for one epoch at each step by a plain ``model.fit``."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    from sklearn.model_selection import train_test_split

    from modiste.datasets import load

    train = load("fashion_mnist").train
    split = train_test_split(train.x / 255.0, train.y, test_size=0.2, random_state=42)
    x, x_validation, y, y_validation = split
    layers: list[Any] = [keras.Input((28, 28)), keras.layers.Flatten()]
    model = keras.Sequential(
        [*layers, keras.layers.Dense(100, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    while True:
        started = time.perf_counter()
        model.fit(x, y, validation_data=(x_validation, y_validation), verbose=0)
        yield time.perf_counter() - started


if __name__ == "__main__":
    typer.run(main)
