"""Labels as people send them, made into arrays: class numbers, class names, one-hot rows, numbers.

An error says which label is wrong and what was expected; it does not repeat the label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modiste.artifact import Head

MULTI_LABEL = frozenset({Head.MULTI_LABEL, Head.MULTI_LABEL_LOGITS})
BINARY = frozenset({Head.SIGMOID, Head.LOGIT})
_NUMERIC = "biuf"


class LabelError(ValueError):
    """A label does not fit the model; the message says which and what was expected."""


def class_count(head: Head, units: int) -> int:
    """Return how many classes an output of `units` units tells apart; 0 for regression."""
    if head is Head.REGRESSION:
        return 0
    return 2 if head in BINARY else units


def normalize_labels(
    labels: Any, head: Head, units: int, class_names: Sequence[str] | None = None
) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return labels as the evaluation takes them.

    Args:
        labels: a list or an array. For exclusive classes [rows] of class numbers or class names, or
            one-hot [rows, classes]; for multi-label heads [rows, units] of 0 and 1; for regression
            [rows] or [rows, units] of numbers.
        head: what the model's outputs mean.
        units: the length of the model's output for one row.
        class_names: the name of each class, where names are to be understood.

    Returns:
        int64 [rows] for exclusive classes, int64 [rows, units] for multi-label heads, float64
        [rows, units] for regression.

    Raises:
        LabelError: a label does not fit.
    """
    if head is Head.REGRESSION:
        return _numbers(labels, units)
    if head in MULTI_LABEL:
        return _flags(_array(labels), units)
    classes = class_count(head, units)
    if _holds_text(labels):
        return _from_names(labels, classes, class_names)
    array = _array(labels)
    if array.ndim == 2 and array.shape[1] == classes:
        return _from_one_hot(array)
    return _class_numbers(array, classes)


def _array(labels: Any) -> NDArray[Any]:
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise LabelError(
            "labels: expected every label of the same form, found lists of several lengths"
        ) from error
    if array.dtype.kind not in _NUMERIC:
        raise LabelError("labels: expected numbers")
    if array.size == 0:
        raise LabelError("labels: expected at least one")
    return array


def _numbers(labels: Any, units: int) -> NDArray[np.float64]:
    array = _array(labels).astype(np.float64)
    if array.ndim == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or array.shape[1] != units:
        raise LabelError(f"labels: expected the shape [rows, {units}], found {list(array.shape)}")
    _require(np.isfinite(array).all(axis=1), "a finite number")
    return array


def _flags(array: NDArray[Any], units: int) -> NDArray[np.int64]:
    if array.ndim != 2 or array.shape[1] != units:
        raise LabelError(f"labels: expected the shape [rows, {units}] of 0 and 1, found {list(array.shape)}")
    _require(((array == 0) | (array == 1)).all(axis=1), f"{units} numbers, each 0 or 1")
    return array.astype(np.int64)


def _from_one_hot(array: NDArray[Any]) -> NDArray[np.int64]:
    binary = ((array == 0) | (array == 1)).all(axis=1)
    _require(binary & (array.sum(axis=1) == 1), f"a one-hot row: one 1 and {array.shape[1] - 1} zeros")
    return np.asarray(array.argmax(axis=1), dtype=np.int64)


def _class_numbers(array: NDArray[Any], classes: int) -> NDArray[np.int64]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        found = list(array.shape)
        raise LabelError(f"labels: expected class numbers [rows] or one-hot [rows, {classes}], found {found}")
    whole = np.isfinite(array) & (array == np.floor(array))
    _require(whole & (array >= 0) & (array < classes), f"a class number from 0 to {classes - 1}")
    return array.astype(np.int64)


def _holds_text(labels: Any) -> bool:
    if isinstance(labels, np.ndarray):
        return labels.dtype.kind in "UO"
    return isinstance(labels, Sequence) and any(isinstance(label, str) for label in labels)


def _from_names(labels: Any, classes: int, names: Sequence[str] | None) -> NDArray[np.int64]:
    if names is None:
        raise LabelError(
            f"labels: the classes of this model have no names; expected numbers from 0 to {classes - 1}"
        )
    numbers = {name: number for number, name in enumerate(names)}
    known = [numbers.get(label, -1) if isinstance(label, str) else -1 for label in labels]
    found = np.asarray(known, dtype=np.int64)
    _require(found >= 0, f"one of the {len(names)} class names, in the same spelling")
    return found


def _require(fits: ArrayLike, expected: str) -> None:
    if not np.all(fits):
        raise LabelError(f"label {int(np.argmin(fits))}: expected {expected}")
