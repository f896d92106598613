"""Results to report on, made by hand: real images, invented answers, and no Keras."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modiste.artifact import Head
from modiste.datasets import Dataset, FoundFile, Origin, Split
from modiste.datasets.fashion_mnist import FASHION_MNIST
from modiste.metrics import evaluate
from training.schema.recipe import Recipe
from training.trained import History, Tested, Trained

IMAGES = Path(__file__).parent.parent / "data" / "fashion-mnist-test-1000.npz"
NAMES = FASHION_MNIST.class_names
RECIPE: dict[str, Any] = {
    "description": "Small.",
    "model": "small",
    "data": {"dataset": "fashion_mnist"},
    "network": {
        "layers": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}],
    },
    "optimizer": {"name": "adam", "learning_rate": 1e-05},
    "fit": {"epochs": 3},
    "checkpoint": {"monitor": "val_loss"},
}


def images(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The first images of the stored ones, uint8 [rows, 28, 28], and their classes, int64 [rows]."""
    with np.load(IMAGES) as stored:
        return stored["x"][:rows], stored["y"][:rows].astype(np.int64)


def history(epochs: int = 3, metric: str = "accuracy") -> History:
    """Falling losses and a rising metric."""
    falling = tuple(float(value) for value in 1 / np.arange(1, epochs + 1))
    rising = tuple(1 - 0.5 * value for value in falling)
    return {
        "loss": falling,
        "val_loss": falling,
        metric: rising,
        f"val_{metric}": rising,
        "seconds": (2.0,) * epochs,
    }


def answers(labels: np.ndarray, classes: int, strength: float = 3.0) -> np.ndarray:
    """Probabilities, float32 [rows, classes], that are right more often the greater the strength."""
    logits = np.random.default_rng(0).standard_normal((len(labels), classes))
    logits[np.arange(len(labels)), labels] += strength
    shares = np.exp(logits)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def classified(
    probabilities: np.ndarray | None = None,
    labels: Sequence[int] | np.ndarray | None = None,
    names: tuple[str, ...] = NAMES,
    rows: int = 120,
    epochs: int = 3,
    **recipe: Any,
) -> Trained:
    """A result on the first images; their own classes and fair answers where none are given."""
    x, y = images(rows if labels is None else len(labels))
    known = y if labels is None else np.asarray(labels, np.int64)
    found = answers(known, len(names)) if probabilities is None else np.asarray(probabilities, np.float32)
    scores = dataclasses.replace(evaluate(found, known, Head.SOFTMAX), loss=0.5)
    tested = Tested(known, found, scores)
    return Trained(_recipe(**recipe), None, history(epochs), epochs, tested, _dataset(x, y), names, 20)


def measured(rows: int = 120, error: float = 0.02) -> Trained:
    """A result of a model that gives the mean ink of an image, each time too much by `error`."""
    x, y = images(rows)
    ink = (x.mean(axis=(1, 2)) / 255).astype(np.float32)
    given = (ink + error)[:, np.newaxis].astype(np.float32)
    tested = Tested(ink, given, evaluate(given, ink, Head.REGRESSION))
    recipe = _recipe(
        data={"dataset": "fashion_mnist", "target": {"type": "mean_ink"}},
        loss={"name": "mean_squared_error"},
        network={"layers": [{"type": "flatten"}, {"type": "dense", "units": 1, "activation": "linear"}]},
    )
    past = history(metric="mean_absolute_error")
    return Trained(recipe, None, past, 3, tested, _dataset(x, y), None, 20)


def _recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate(RECIPE | changes)


def _dataset(x: np.ndarray, y: np.ndarray) -> Dataset:
    origin = Origin("the tests", IMAGES.parent)
    files = {"x": FoundFile(IMAGES, "plain", "0" * 64), "y": FoundFile(IMAGES, "plain", "1" * 64)}
    train, test = (Split(name, NAMES, x, y, files, origin) for name in ("train", "test"))
    return Dataset("fashion_mnist", NAMES, train, test, origin)
