"""The baseline before any network: a linear classifier, cross-validated by scikit-learn, without Keras."""

import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import fmean

import numpy as np

from modiste.datasets import Dataset
from training.errors import TrainingError
from training.schema.baseline import Baseline


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """What a cross-validation found: an accuracy for each fold, on the `rows` that are no part of its fit."""

    accuracies: tuple[float, ...]
    rows: int
    seconds: float

    @property
    def mean(self) -> float:
        """The mean accuracy of the folds."""
        return fmean(self.accuracies)


def cross_validate(dataset: Dataset, baseline: Baseline) -> CrossValidated:
    """Cross-validate a baseline on all training images, on all cores; the test images are not looked at.

    Raises:
        TrainingError: scikit-learn is not installed, or a class has fewer images than there are folds.
    """
    if find_spec("sklearn") is None:
        raise TrainingError("A baseline needs scikit-learn: make train, or pip install -e '.[train]'.")
    from joblib import parallel_config  # type: ignore[import-untyped]
    from sklearn import model_selection
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import SGDClassifier

    settings, started = baseline.baseline, time.monotonic()
    x, y = dataset.train.x, dataset.train.y
    if len(dataset.class_names) < 2:
        raise TrainingError(f"{dataset.name} has one class: there is nothing to tell apart.")
    fewest = int(np.bincount(y, minlength=len(dataset.class_names)).min())
    if fewest < settings.folds:
        raise TrainingError(
            f"baseline.folds is {settings.folds}, but a class of {dataset.name} has {fewest} training images."
        )
    classifier = SGDClassifier(loss=settings.loss, max_iter=settings.max_iter, random_state=baseline.seed)
    # Threads: the fits let go of Python's lock, and processes would each need the pixels again.
    with parallel_config(backend="threading"), warnings.catch_warnings():
        # So few passes are the recipe's own wish.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = model_selection.cross_validate(
            classifier, x.reshape(len(x), -1) / 255.0, y, cv=settings.folds, n_jobs=-1
        )
    accuracies = tuple(float(score) for score in found["test_score"])
    return CrossValidated(accuracies, len(x), time.monotonic() - started)
