"""What training hands to publishing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import Head
from modiste.datasets import Dataset
from modiste.metrics import Evaluation
from training.schema.recipe import Recipe

History = dict[str, tuple[float, ...]]
"""Figures by epoch: ``loss``, the metric, both again as ``val_``, ``learning_rate``, ``seconds``."""


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """How a model did on the whole test data.

    Attributes:
        labels: int64 [rows], numbers of the classes; float32 [rows] where the model gives a number.
        answers: float32 [rows, classes], probabilities as the service answers them; [rows, 1] numbers.
        scores: what they add up to.
    """

    labels: NDArray[Any]
    answers: NDArray[np.float32]
    scores: Evaluation

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row, int [rows]."""
        return np.asarray(self.answers.argmax(axis=1), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A fitted Keras model with all that is known about how it came to be.

    Attributes:
        recipe: what it was made by.
        model: the compiled Keras model, in float32, with the weights of the kept epoch.
        history: figures by epoch.
        kept_epoch: the epoch whose weights the model has, counted from 1.
        tested: its one look at the test data.
        dataset: the data; `dataset.test.x` are the images that `tested` has rows for.
        class_names: what the answers' columns mean; None where the model gives a number.
        validation_rows: how many training images were held out.
    """

    recipe: Recipe
    model: Any
    history: History
    kept_epoch: int
    tested: Tested
    dataset: Dataset
    class_names: tuple[str, ...] | None
    validation_rows: int

    @property
    def head(self) -> Head:
        """What the numbers of the model's last layer mean."""
        return self.recipe.head

    @property
    def epochs_run(self) -> int:
        """How many epochs there were before the end or the early stop."""
        return len(self.history["loss"])

    @property
    def figures(self) -> dict[str, float]:
        """The figures that a version's metadata states: of the kept epoch, and of the test data."""
        kept = self.kept_epoch - 1
        validation = {
            name.replace("val_", "validation_", 1): values[kept]
            for name, values in self.history.items()
            if name.startswith("val_")
        }
        scores = self.tested.scores
        test = {
            "test_loss": scores.loss,
            "test_accuracy": scores.accuracy,
            "test_mean_absolute_error": scores.mean_absolute_error,
            "test_calibration_error": scores.expected_calibration_error,
        }
        known = {name: value for name, value in test.items() if value is not None}
        return known | validation | {"best_epoch": self.kept_epoch, "epochs": self.epochs_run}
