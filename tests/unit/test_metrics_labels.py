"""Labels as people send them, and what is said about wrong ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modiste.artifact import Head
from modiste.metrics import LabelError, class_count, normalize_labels

NAMES = ("cat", "dog", "새")


@given(st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_numbers_names_and_one_hot_say_the_same(classes: list[int]) -> None:
    forms = (
        classes,
        [float(c) for c in classes],
        [[c] for c in classes],
        np.array(classes, np.uint8),
        [NAMES[c] for c in classes],
        np.array([NAMES[c] for c in classes]),
        np.eye(3)[classes].tolist(),
        np.eye(3, dtype=bool)[classes],
    )
    for form in forms:
        found = normalize_labels(form, Head.SOFTMAX, 3, NAMES)
        assert found.dtype == np.int64
        assert found.tolist() == classes


@pytest.mark.parametrize("head", [Head.SIGMOID, Head.LOGIT])
def test_one_unit_tells_two_classes_apart(head: Head) -> None:
    assert class_count(head, 1) == 2
    assert normalize_labels([0, 1, 1], head, 1).tolist() == [0, 1, 1]
    assert normalize_labels([[1, 0], [0, 1]], head, 1).tolist() == [0, 1]
    assert normalize_labels(["dog"], head, 1, NAMES[:2]).tolist() == [1]


def test_several_labels_and_plain_numbers_keep_their_columns() -> None:
    assert normalize_labels([[0, 1], [1, 1]], Head.MULTI_LABEL, 2).tolist() == [[0, 1], [1, 1]]
    assert normalize_labels([1.5, 2], Head.REGRESSION, 1).tolist() == [[1.5], [2.0]]
    assert normalize_labels([[1.5, 2]], Head.REGRESSION, 2).tolist() == [[1.5, 2.0]]


@pytest.mark.parametrize(
    ("labels", "head", "units", "message"),
    [
        ([0, 1, 7], Head.SOFTMAX, 3, "label 2: expected a class number from 0 to 2"),
        ([0, -1], Head.SOFTMAX, 3, "label 1: expected a class number from 0 to 2"),
        ([0.5], Head.SOFTMAX, 3, "label 0: expected a class number from 0 to 2"),
        ([0, float("nan")], Head.SOFTMAX, 3, "label 1: expected a class number from 0 to 2"),
        ([2], Head.SIGMOID, 1, "label 0: expected a class number from 0 to 1"),
        (["cat", "Dog"], Head.SOFTMAX, 3, "label 1: expected one of the 3 class names, in the same spelling"),
        (["cat", 1], Head.SOFTMAX, 3, "label 1: expected one of the 3 class names, in the same spelling"),
        ([[0, 1, 0], [1, 1, 0]], Head.SOFTMAX, 3, "label 1: expected a one-hot row: one 1 and 2 zeros"),
        ([[0, 0.5, 0.5]], Head.LOGITS, 3, "label 0: expected a one-hot row: one 1 and 2 zeros"),
        (
            [[0, 1]],
            Head.SOFTMAX,
            3,
            "labels: expected class numbers [rows] or one-hot [rows, 3], found [1, 2]",
        ),
        (
            [[0, 1], [1]],
            Head.SOFTMAX,
            3,
            "labels: expected every label of the same form, found lists of several lengths",
        ),
        ([], Head.SOFTMAX, 3, "labels: expected at least one"),
        ([None], Head.SOFTMAX, 3, "labels: expected numbers"),
        ([[0, 2]], Head.MULTI_LABEL, 2, "label 0: expected 2 numbers, each 0 or 1"),
        ([0, 1], Head.MULTI_LABEL, 2, "labels: expected the shape [rows, 2] of 0 and 1, found [2]"),
        ([[1, 2]], Head.REGRESSION, 1, "labels: expected the shape [rows, 1], found [1, 2]"),
        ([1, float("inf")], Head.REGRESSION, 1, "label 1: expected a finite number"),
        (["cat"], Head.REGRESSION, 1, "labels: expected numbers"),
    ],
)
def test_a_wrong_label_is_named_with_what_was_expected(
    labels: Any, head: Head, units: int, message: str
) -> None:
    with pytest.raises(LabelError) as caught:
        normalize_labels(labels, head, units, NAMES)
    assert str(caught.value) == message


def test_names_need_a_model_that_has_them() -> None:
    with pytest.raises(LabelError, match="have no names; expected numbers from 0 to 2"):
        normalize_labels(["cat"], Head.SOFTMAX, 3)
