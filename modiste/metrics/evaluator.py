"""An evaluation, whole or in parts: from a model's outputs and true labels to what ``/evaluate`` answers.

The results equal Keras's own ``model.evaluate`` of the same model, as far as float32
probabilities can tell (docs/model-files.md says how far that is).
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modiste.artifact import Head, LossInfo
from modiste.metrics.labels import BINARY, MULTI_LABEL, LabelError, normalize_labels
from modiste.metrics.losses import Floats, loss_values
from modiste.metrics.probabilities import probabilities
from modiste.metrics.scores import Evaluation, Scores, scores_for


def evaluate(
    outputs: ArrayLike,
    labels: Any,
    head: Head,
    loss: LossInfo | None = None,
    regularization_loss: float = 0.0,
) -> Evaluation:
    """Evaluate all rows at once; the arguments are those of `Evaluator` and of its `add`."""
    evaluator = Evaluator(head, loss, regularization_loss)
    evaluator.add(outputs, labels)
    return evaluator.result()


class Evaluator:
    """An evaluation in parts: `add` batches of any size, then ask for the `result`, at any time.

    Memory does not grow with the rows, and the result does not depend on how they were cut.
    """

    def __init__(self, head: Head, loss: LossInfo | None = None, regularization_loss: float = 0.0) -> None:
        self._head = head
        self._loss = loss
        self._regularization_loss = regularization_loss
        self._count = 0
        self._loss_sum = 0.0
        self._scores: Scores | None = None

    @property
    def count(self) -> int:
        """Rows added so far."""
        return self._count

    def add(self, outputs: ArrayLike, labels: Any) -> None:
        """Add rows; where this raises, nothing was added.

        Args:
            outputs: float [rows, units], as the model put them out.
            labels: one for each row, as `normalize_labels` takes them; names must be numbers by now.

        Raises:
            LabelError: the labels do not fit the outputs.
            ValueError: the outputs have another rank.
        """
        raw = np.asarray(outputs, dtype=np.float32)
        if raw.ndim != 2:
            raise ValueError(f"outputs: expected the shape [rows, units], found {list(raw.shape)}")
        known = normalize_labels(labels, self._head, raw.shape[1])
        if len(known) != len(raw):
            raise LabelError(f"labels: expected {len(raw)}, one for each row, found {len(known)}")
        self._add_loss(raw.astype(np.float64), known)
        self._scores = self._scores or scores_for(self._head, raw.shape[1])
        self._scores.add(probabilities(raw, self._head), known)
        self._count += len(raw)

    def _add_loss(self, outputs: Floats, labels: NDArray[Any]) -> None:
        if self._loss is None:
            return
        values = loss_values(self._loss, self._head, outputs, _targets(labels, self._head, outputs.shape[1]))
        if values is None:  # not known here, and so not for any other batch
            self._loss = None
        else:
            self._loss_sum += float(values.sum())

    def result(self) -> Evaluation:
        """Return the evaluation of all rows added so far.

        Raises:
            ValueError: there are none.
        """
        if self._scores is None:
            raise ValueError("there is nothing to evaluate: no rows were added")
        return Evaluation(
            count=self._count,
            loss=None if self._loss is None else self._loss_sum / self._count,
            regularization_loss=self._regularization_loss,
            **self._scores.found(self._count),
        )


def _targets(labels: NDArray[Any], head: Head, units: int) -> Floats:
    """Return normalised labels in the form that losses compare outputs with: float64 [rows, units]."""
    if head in MULTI_LABEL or head is Head.REGRESSION:
        return labels.astype(np.float64)
    if head in BINARY:
        return labels[:, np.newaxis].astype(np.float64)
    return np.asarray(np.eye(units)[labels])
