"""Experiment 2 of the course in plain Keras, seed by seed: ``python -m bench.one_layer``.

`modiste course` falls short of this experiment's reference. This is the control: the same network, data,
split, optimizer and epochs, without a line of this project but the reading of the images.
"""

import os
import statistics
from typing import Annotated

import typer


def main(seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 42 on.")] = 6) -> None:
    """Train with each seed and print the validation figures, and their mean and range."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    from sklearn.model_selection import train_test_split

    from modiste.datasets import load

    train = load("fashion_mnist").train
    x, y = train.x.reshape(-1, 784) / 255.0, train.y
    x_train, x_validation, y_train, y_validation = train_test_split(x, y, test_size=0.2, random_state=42)
    found: list[tuple[float, float]] = []
    for seed in range(42, 42 + seeds):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, activation="softmax")])
        model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x_train, y_train, epochs=5, verbose=0)
        loss, accuracy = model.evaluate(x_validation, y_validation, verbose=0)
        found.append((loss, accuracy))
        typer.echo(f"seed {seed}: validation loss {loss:.4f}, accuracy {accuracy:.4f}")
    for name, values in zip(("loss", "accuracy"), zip(*found, strict=True), strict=True):
        typer.echo(f"{name}: mean {statistics.fmean(values):.4f}, {min(values):.4f} to {max(values):.4f}")


if __name__ == "__main__":
    typer.run(main)
