"""Evaluation arithmetic against numbers worked out by hand, and against itself in parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modiste.artifact import Head, LossInfo
from modiste.metrics import Evaluator, LabelError, evaluate, probabilities

OUTPUTS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]], np.float32)
LABELS = [0, 1, 1, 2]


def test_classes_are_counted_as_by_hand() -> None:
    found = evaluate(OUTPUTS, LABELS, Head.SOFTMAX, LossInfo(name="SparseCategoricalCrossentropy"), 0.25)
    assert found.count == 4
    assert found.accuracy == 0.75
    assert found.confusion_matrix == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert found.per_class is not None
    first, second, third = found.per_class
    assert (first.precision, first.recall, first.support) == (0.5, 1.0, 1)
    assert first.f1 == pytest.approx(2 / 3)
    assert (second.precision, second.recall, second.support) == (1.0, 0.5, 2)
    assert (third.precision, third.recall, third.f1) == (1.0, 1.0, 1.0)
    assert found.loss == pytest.approx(-np.mean(np.log([0.7, 0.8, 0.3, 0.6])), rel=1e-6)
    assert found.regularization_loss == 0.25


def test_calibration_is_the_gap_in_each_bin_weighted_by_its_rows() -> None:
    # Fifteen bins: 0.7 and 0.8 are alone in theirs, the two of 0.6 share one, and one of them is right.
    expected = (abs(1 - 0.7) + abs(1 - 0.8) + 2 * abs(0.5 - 0.6)) / 4
    found = evaluate(OUTPUTS, LABELS, Head.SOFTMAX)
    assert found.expected_calibration_error == pytest.approx(expected, abs=1e-6)


def test_the_bins_hold_every_row_once_and_say_how_confident_and_how_right_it_was() -> None:
    bins = evaluate(OUTPUTS, LABELS, Head.SOFTMAX).calibration
    assert bins is not None
    assert [(one.lower, one.upper) for one in bins] == [(n / 15, (n + 1) / 15) for n in range(15)]
    filled = {number: one for number, one in enumerate(bins) if one.rows}
    # 0.6 and 0.8 as float32 lie just above the edges 9/15 and 12/15.
    assert {number: one.rows for number, one in filled.items()} == {9: 2, 10: 1, 12: 1}
    assert [one.accuracy for one in filled.values()] == [0.5, 1.0, 1.0]
    assert [one.confidence for one in filled.values()] == pytest.approx([0.6, 0.7, 0.8], abs=1e-6)


def test_full_confidence_has_a_bin() -> None:
    found = evaluate([[1.0, 0.0], [0.0, 1.0]], [0, 1], Head.SOFTMAX)
    assert found.expected_calibration_error == 0.0
    assert found.calibration is not None
    assert found.calibration[14].rows == 2


def test_a_class_that_never_comes_scores_nothing() -> None:
    found = evaluate(OUTPUTS[:1], [0], Head.SOFTMAX)
    assert found.per_class is not None
    assert [scores.f1 for scores in found.per_class] == [1.0, 0.0, 0.0]


def test_several_labels_are_counted_one_by_one() -> None:
    found = evaluate([[0.9, 0.2], [0.4, 0.6]], [[1, 1], [1, 1]], Head.MULTI_LABEL)
    assert found.accuracy == 0.5
    assert found.confusion_matrix is None
    assert found.per_class is not None
    assert [(s.precision, s.recall, s.support) for s in found.per_class] == [(1.0, 0.5, 2), (1.0, 0.5, 2)]


def test_plain_numbers_have_errors_and_no_accuracy() -> None:
    found = evaluate([[1.0], [5.0]], [2.0, 2.0], Head.REGRESSION, LossInfo(name="MeanAbsoluteError"))
    assert (found.mean_absolute_error, found.mean_squared_error, found.loss) == (2.0, 5.0, 2.0)
    assert found.accuracy is None
    assert found.per_class is None


@pytest.mark.parametrize(
    "loss",
    [
        LossInfo(name="MyLoss"),
        LossInfo(name="MeanSquaredError", config={"reduction": "sum"}),
        LossInfo(name="SparseCategoricalCrossentropy", config={"ignore_class": 0}),
        LossInfo(name="CategoricalCrossentropy", config={"axis": 1}),
        LossInfo(name="BinaryCrossentropy"),
    ],
    ids=lambda loss: loss.name,
)
def test_a_loss_that_cannot_be_told_is_none(loss: LossInfo) -> None:
    assert evaluate(OUTPUTS, LABELS, Head.SOFTMAX, loss).loss is None


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.sampled_from([Head.SOFTMAX, Head.LOGITS, Head.SIGMOID]),
)
def test_the_result_does_not_depend_on_how_the_rows_are_cut(sizes: list[int], head: Head) -> None:
    random = np.random.default_rng(sum(sizes))
    units = 1 if head is Head.SIGMOID else 4
    outputs = random.random((sum(sizes), units), np.float32)
    labels = random.integers(0, max(2, units), sum(sizes))
    loss = LossInfo(name="BinaryCrossentropy" if units == 1 else "SparseCategoricalCrossentropy")
    evaluator = Evaluator(head, loss)
    for rows in np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1]):
        evaluator.add(outputs[rows], labels[rows])
    parts, whole = evaluator.result(), evaluate(outputs, labels, head, loss)
    assert parts.confusion_matrix == whole.confusion_matrix
    assert parts.loss == pytest.approx(whole.loss, rel=1e-12)
    assert parts.expected_calibration_error == pytest.approx(whole.expected_calibration_error, abs=1e-12)


def test_many_classes_are_scored_without_a_matrix() -> None:
    outputs = np.zeros((3, 5000), np.float32)
    outputs[:, 7] = 1
    found = evaluate(outputs, [7, 7, 4999], Head.SOFTMAX)
    assert found.confusion_matrix is None
    assert found.per_class is not None
    assert (found.per_class[7].support, found.accuracy) == (2, pytest.approx(2 / 3))


def test_rows_and_labels_must_be_as_many() -> None:
    evaluator = Evaluator(Head.SOFTMAX)
    with pytest.raises(LabelError, match="expected 4, one for each row, found 3"):
        evaluator.add(OUTPUTS, LABELS[:3])
    assert evaluator.count == 0


def test_nothing_is_no_evaluation() -> None:
    with pytest.raises(ValueError, match="no rows were added"):
        Evaluator(Head.SOFTMAX).result()


def test_outputs_of_another_rank_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[rows, units\], found \[4\]"):
        Evaluator(Head.SOFTMAX).add(OUTPUTS[:, 0], LABELS)


def test_probabilities_are_what_the_head_means() -> None:
    raw = np.array([[-1.0, 0.0, 3.0]], np.float32)
    assert probabilities(OUTPUTS, Head.SOFTMAX) is not None
    np.testing.assert_array_equal(probabilities(OUTPUTS, Head.SOFTMAX), OUTPUTS)
    np.testing.assert_allclose(probabilities(raw, Head.LOGITS), np.exp(raw) / np.exp(raw).sum(), rtol=1e-6)
    np.testing.assert_allclose(probabilities(raw, Head.MULTI_LABEL_LOGITS), 1 / (1 + np.exp(-raw)), rtol=1e-6)
    np.testing.assert_allclose(probabilities([[0.25]], Head.SIGMOID), [[0.75, 0.25]])
    np.testing.assert_allclose(probabilities([[0.0]], Head.LOGIT), [[0.5, 0.5]])
    np.testing.assert_array_equal(probabilities(raw, Head.REGRESSION), raw)


@pytest.mark.parametrize("head", [Head.LOGITS, Head.LOGIT, Head.MULTI_LABEL_LOGITS])
def test_extreme_logits_neither_overflow_nor_warn(head: Head) -> None:
    found = probabilities(np.array([[1e30], [-1e30], [90.0], [-90.0]], np.float32), head)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    if head is Head.LOGIT:
        assert found[3, 1] > 0  # a small probability is kept, not rounded to none
        np.testing.assert_allclose(found.sum(axis=1), 1)
