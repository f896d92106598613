"""Calibration: whether images that a model is 80% sure of are right in 80% of the cases."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modiste.metrics import CalibrationBin, Evaluation
from training.report.intervals import wilson
from training.report.style import BLUE, GREY, in_percent, new_figure

_NEAR = 0.005  # a mean gap that nobody acts upon


def mean_confidence(bins: tuple[CalibrationBin, ...]) -> float:
    """Return the mean of the highest probability over all rows."""
    return sum(one.confidence * one.rows for one in bins) / sum(one.rows for one in bins)


def verdict(scores: Evaluation) -> str:
    """Say in which direction the probabilities err, and by how much."""
    assert scores.calibration is not None and scores.accuracy is not None
    confidence = mean_confidence(scores.calibration)
    gap = confidence - scores.accuracy
    if abs(gap) < _NEAR:
        return f"On average as sure as it is right ({confidence:.1%} and {scores.accuracy:.1%})"
    direction = "surer" if gap > 0 else "less sure"
    return f"On average {direction} ({confidence:.1%}) than it is right ({scores.accuracy:.1%})"


def calibration(scores: Evaluation) -> Figure:
    """Draw the reliability diagram over a histogram of the confidences."""
    assert scores.calibration is not None
    bins = scores.calibration
    filled = [one for one in bins if one.rows]
    error = scores.expected_calibration_error
    figure = new_figure(6.2, 7.3, f"{verdict(scores)}; expected calibration error {error:.4f}")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    _reliability(top, filled)
    widths = [one.upper - one.lower for one in filled]
    shares = [one.rows / scores.count for one in filled]
    bottom.bar([one.lower for one in filled], shares, widths, align="edge", color=BLUE, edgecolor="white")
    bottom.set(xlabel="confidence (probability of the predicted class)", ylabel="share of images")
    in_percent(bottom.yaxis)
    in_percent(bottom.xaxis)
    # Below this bin there is nothing: of two classes, one always has at least 50%.
    bottom.set_xlim(min(filled[0].lower, 0.5), 1)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _reliability(axes: Axes, filled: list[CalibrationBin]) -> None:
    left, width = [one.lower for one in filled], [one.upper - one.lower for one in filled]
    x, y = [one.confidence for one in filled], [one.accuracy for one in filled]
    gaps = [one.confidence - one.accuracy for one in filled]
    axes.bar(left, y, width, align="edge", color="#CFE3F1", edgecolor="white")
    gap: dict[str, Any] = {"color": "#F2C9A4", "edgecolor": "white", "label": "gap to the mean confidence"}
    axes.bar(left, gaps, width, y, align="edge", **gap)
    for one in filled:
        axes.plot(
            [one.confidence] * 2, wilson(one.accuracy, one.rows), color=BLUE, linewidth=1.5, clip_on=False
        )
    axes.plot(x, y, "o", color=BLUE, markersize=5, label="accuracy, with its 95% interval", clip_on=False)
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1.2, label="perfectly calibrated")
    axes.set(ylabel="accuracy (share that is right)", ylim=(0, 1.02))
    in_percent(axes.yaxis)
    axes.grid(axis="y")
