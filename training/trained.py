"""What training hands to publishing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.datasets import Dataset
from training.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How a model did on the test data.

    `labels` is uint8 [rows]; `probabilities` is float32 [rows, classes].
    """

    loss: float
    accuracy: float
    labels: NDArray[np.uint8]
    probabilities: NDArray[np.float32]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row, int [rows]."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    def confusion(self) -> NDArray[np.int64]:
        """Return how often each class (axis 0) was taken for each class (axis 1)."""
        classes = self.probabilities.shape[1]
        pairs = self.labels.astype(np.int64) * classes + self.predicted
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted Keras model with all that is known about how it came to be.

    `history` gives each figure by epoch: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``.
    """

    recipe: Recipe
    model: Any
    history: dict[str, tuple[float, ...]]
    evaluation: Evaluation
    dataset: Dataset
    validation_rows: int

    @property
    def epochs_run(self) -> int:
        """How many epochs there were before the end or the early stop."""
        return len(self.history["loss"])

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept, counted from 1: the last one where nothing was monitored."""
        keeper = self.recipe.checkpoint or self.recipe.early_stopping
        if keeper is None:
            return self.epochs_run
        values = np.asarray(self.history[keeper.monitor])
        return int(values.argmin() if keeper.monitor == "val_loss" else values.argmax()) + 1
