"""Evaluating a version on labelled rows, through the same batcher as predictions, in pieces."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.metrics import Evaluation, Evaluator, LabelError, normalize_labels
from service.codecs.labelled import LabelledRows
from service.errors import InvalidInput, Overloaded, ServingError
from service.repository.registry import ServedVersion
from service.statistics.requests import CANCELLED, DONE, INTERNAL

_RETRY_S = 0.01


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of how many rows are evaluated."""

    done: int
    total: int


def checked_labels(labelled: LabelledRows, served: ServedVersion) -> NDArray[Any]:
    """Return the labels as numbers, one for each row.

    Raises:
        InvalidInput: a label is not known, or there are more or fewer labels than rows.
    """
    output = served.loaded.signature.output
    try:
        labels = normalize_labels(labelled.labels, output.head, output.units, output.class_names)
    except LabelError as error:
        raise InvalidInput(str(error)) from error
    if len(labels) != len(labelled.rows):
        raise InvalidInput(f"expected one label a row; got {len(labels)} for {len(labelled.rows)} rows")
    return labels


async def evaluate(
    served: ServedVersion, rows: NDArray[Any], labels: NDArray[Any], piece_rows: int, timeout_s: float
) -> AsyncIterator[Progress | Evaluation]:
    """Evaluate rows [n, *shape] piece by piece; the last item is the result.

    One piece is in flight at a time, so that predictions pass in between.

    Raises:
        DeadlineExceeded, ModelFailure, ShuttingDown: as for a prediction; `timeout_s` is for one piece.
    """
    summary, began = served.loaded.summary, time.monotonic()
    evaluator = Evaluator(served.loaded.signature.output.head, summary.loss, summary.regularization_loss)
    outcome = CANCELLED
    try:
        for start in range(0, len(rows), piece_rows):
            piece = slice(start, start + piece_rows)
            outputs = await _outputs(served, rows[piece], time.monotonic() + timeout_s)
            evaluator.add(outputs, labels[piece])
            yield Progress(evaluator.count, len(rows))
        result = evaluator.result()
        outcome = DONE
    except Exception as error:
        outcome = error.code if isinstance(error, ServingError) else INTERNAL
        raise
    finally:
        served.counts.evaluated(outcome, evaluator.count, time.monotonic() - began)
    yield result


async def _outputs(served: ServedVersion, rows: NDArray[Any], deadline: float) -> NDArray[np.float32]:
    while True:
        try:
            return await served.batcher.submit(rows, deadline)
        except Overloaded:
            # Predictions fill the queue: an evaluation has no hurry, and takes its turn later.
            if time.monotonic() + _RETRY_S > deadline:
                raise
            await asyncio.sleep(_RETRY_S)
