"""Running counts of an evaluation, one kind for each kind of answer, and what they add up to."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import Head
from modiste.metrics.labels import MULTI_LABEL, class_count

CALIBRATION_BINS = 15
_LARGEST_MATRIX = 1000  # classes: beyond it a confusion matrix is megabytes that nobody reads

Counts = NDArray[np.int64]
Answers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How one class was told from the others; a ratio of nothing to nothing is 0."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The rows whose highest probability lies above `lower` and at most at `upper`.

    Attributes:
        confidence: the mean of those probabilities; 0 without rows.
        accuracy: the share of the rows whose class is right; 0 without rows.
    """

    lower: float
    upper: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found; what does not apply to the model's head is None.

    Attributes:
        count: rows evaluated.
        loss: the loss of the data, None where no loss is known; Keras's ``evaluate`` reports it
            together with `regularization_loss`.
        accuracy: the share of rows whose class is right; of labels, where a row has several.
        per_class: scores by class number.
        confusion_matrix: rows by [true class][predicted class]; None beyond 1,000 classes.
        calibration: 15 bins of equal width, from 0 to 1.
        expected_calibration_error: the gap between confidence and accuracy in those bins, weighted by
            their rows (Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3, as its
            section 2 estimates it).
    """

    count: int
    loss: float | None
    regularization_loss: float
    accuracy: float | None = None
    per_class: tuple[ClassScores, ...] | None = None
    confusion_matrix: tuple[tuple[int, ...], ...] | None = None
    calibration: tuple[CalibrationBin, ...] | None = None
    expected_calibration_error: float | None = None
    mean_absolute_error: float | None = None
    mean_squared_error: float | None = None


class Scores(Protocol):
    """Counts that grow by batches; answers and labels have one row each per evaluated row."""

    def add(self, answers: Answers, labels: NDArray[Any]) -> None:
        """Count a batch: answers as `modiste.metrics.probabilities` gives them, labels normalised."""

    def found(self, count: int) -> dict[str, Any]:
        """Return the fields of `Evaluation` that `count` rows come to."""


def scores_for(head: Head, units: int) -> Scores:
    """Return empty counts for a model's head."""
    if head is Head.REGRESSION:
        return _Numbers()
    return _Labels(units) if head in MULTI_LABEL else _Classes(class_count(head, units))


class _Classes:
    """Exclusive classes: answers float32 [rows, classes], labels int64 [rows]."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._true = np.zeros(classes, np.int64)
        self._predicted = np.zeros(classes, np.int64)
        self._right = np.zeros(classes, np.int64)
        self._matrix = np.zeros((classes, classes), np.int64) if classes <= _LARGEST_MATRIX else None
        self._calibration = np.zeros((3, CALIBRATION_BINS))  # rows, confidence, right

    def add(self, answers: Answers, labels: NDArray[Any]) -> None:
        predicted = answers.argmax(axis=1)
        right = predicted == labels
        self._true += np.bincount(labels, minlength=self._classes)
        self._predicted += np.bincount(predicted, minlength=self._classes)
        self._right += np.bincount(labels[right], minlength=self._classes)
        if self._matrix is not None:
            np.add.at(self._matrix, (labels, predicted), 1)
        self._add_calibration(answers.max(axis=1).astype(np.float64), right)

    def _add_calibration(self, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
        # A bin holds its upper edge, so that a confidence of exactly 1 has one.
        bins = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
        for row, weights in enumerate((None, confidence, right)):
            self._calibration[row] += np.bincount(bins, weights=weights, minlength=CALIBRATION_BINS)

    def found(self, count: int) -> dict[str, Any]:
        matrix = None if self._matrix is None else tuple(tuple(row) for row in self._matrix.tolist())
        _, confidence, right = self._calibration
        columns = enumerate(self._calibration.T.tolist())
        return {
            "accuracy": int(self._right.sum()) / count,
            "per_class": _per_class(self._right, self._predicted, self._true),
            "confusion_matrix": matrix,
            "calibration": tuple(_bin(number, *sums) for number, sums in columns),
            "expected_calibration_error": float(np.abs(right - confidence).sum() / count),
        }


class _Labels:
    """Several labels for each row: answers float32 [rows, units], labels int64 [rows, units] of 0 and 1."""

    def __init__(self, units: int) -> None:
        self._true = np.zeros(units, np.int64)
        self._predicted = np.zeros(units, np.int64)
        self._right = np.zeros(units, np.int64)
        self._equal = 0

    def add(self, answers: Answers, labels: NDArray[Any]) -> None:
        predicted = (answers > 0.5).astype(np.int64)
        self._true += labels.sum(axis=0)
        self._predicted += predicted.sum(axis=0)
        self._right += (labels * predicted).sum(axis=0)
        self._equal += int((labels == predicted).sum())

    def found(self, count: int) -> dict[str, Any]:
        return {
            "accuracy": self._equal / (count * len(self._true)),
            "per_class": _per_class(self._right, self._predicted, self._true),
        }


class _Numbers:
    """Plain numbers: answers float32 [rows, units], labels float64 [rows, units]."""

    def __init__(self) -> None:
        self._absolute = 0.0
        self._squared = 0.0

    def add(self, answers: Answers, labels: NDArray[Any]) -> None:
        error = answers - labels
        self._absolute += float(np.abs(error).mean(axis=1).sum())
        self._squared += float(np.square(error).mean(axis=1).sum())

    def found(self, count: int) -> dict[str, Any]:
        return {"mean_absolute_error": self._absolute / count, "mean_squared_error": self._squared / count}


def _per_class(right: Counts, predicted: Counts, true: Counts) -> tuple[ClassScores, ...]:
    counts = zip(right.tolist(), predicted.tolist(), true.tolist(), strict=True)
    return tuple(
        ClassScores(precision=_ratio(r, p), recall=_ratio(r, t), f1=_ratio(2 * r, p + t), support=t)
        for r, p, t in counts
    )


def _bin(number: int, rows: float, confidence: float, right: float) -> CalibrationBin:
    edges = number / CALIBRATION_BINS, (number + 1) / CALIBRATION_BINS
    return CalibrationBin(*edges, int(rows), _ratio(confidence, rows), _ratio(right, rows))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
