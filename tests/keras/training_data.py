"""Small real things to train on: 1,000 images of Fashion-MNIST, and a recipe that takes a second."""

from pathlib import Path
from typing import Any

import numpy as np

from modiste.datasets import Dataset, FoundFile, Origin, Split, SplitName
from modiste.datasets.fashion_mnist import FASHION_MNIST
from training.schema.recipe import Recipe

IMAGES = Path(__file__).parent.parent / "data" / "fashion-mnist-test-1000.npz"


def small_dataset() -> Dataset:
    """The images in two splits, 800 and 200."""
    with np.load(IMAGES) as stored:
        x, y = stored["x"], stored["y"]
    origin = Origin("the tests", IMAGES.parent)
    train, test = _split("train", x[:800], y[:800], origin), _split("test", x[800:], y[800:], origin)
    return Dataset("fashion_mnist", FASHION_MNIST.class_names, train, test, origin)


def _split(name: SplitName, x: np.ndarray, y: np.ndarray, origin: Origin) -> Split:
    files = {"x": FoundFile(IMAGES, "plain", "0" * 64), "y": FoundFile(IMAGES, "plain", "1" * 64)}
    return Split(name, FASHION_MNIST.class_names, x, y, files, origin)


def small_recipe(**changes: Any) -> Recipe:
    """The recipe of experiment 4 with one epoch; `changes` replace whole tables."""
    document = {
        "description": "Small.",
        "model": "small",
        "data": {"dataset": "fashion_mnist"},
        "network": {"layers": layers()},
        "optimizer": {"name": "adam"},
        "fit": {"epochs": 1},
    }
    return Recipe.model_validate(document | changes)


def layers(units: int = 10, activation: str = "softmax") -> list[dict[str, Any]]:
    """Flatten, a hidden layer, and an output layer as asked."""
    hidden = {"type": "dense", "name": "hidden", "units": 100, "activation": "relu"}
    return [{"type": "flatten"}, hidden, {"type": "dense", "units": units, "activation": activation}]
