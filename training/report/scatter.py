"""Of a model that gives a number: predicted against true, and how the errors are spread."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from training.report.style import BLUE, GREY, VERMILION, new_figure
from training.trained import Tested, Trained

_FEW = 1500  # rows that can be drawn as points


def quantity_of(trained: Trained) -> str:
    """Return what the number is that is asked for, as ``mean ink``."""
    return trained.recipe.data.target.type.replace("_", " ")


def guess_error(tested: Tested) -> float:
    """Return the mean absolute error of always answering the median, the best constant there is."""
    labels = tested.labels.reshape(-1).astype(np.float64)
    return float(np.abs(labels - np.median(labels)).mean())


def predicted_against_true(tested: Tested, quantity: str) -> Figure:
    """Draw the two panels; `quantity` is what the number is, as ``mean ink``."""
    labels = tested.labels.reshape(-1).astype(np.float64)
    answers = tested.answers[:, 0].astype(np.float64)
    finding = (
        f"Mean absolute error {tested.scores.mean_absolute_error:.4g}; "
        f"always guessing the median would give {guess_error(tested):.4g}"
    )
    figure = new_figure(10, 5.1, finding)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _against(left, figure, labels, answers, quantity)
    _errors(right, answers - labels, quantity)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _against(
    axes: Axes, figure: Figure, labels: NDArray[np.float64], answers: NDArray[np.float64], quantity: str
) -> None:
    low, high = _limits(np.concatenate([labels, answers]))
    if len(labels) <= _FEW:
        axes.plot(labels, answers, "o", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0)
    else:
        extent = (low, high, low, high)
        cells = axes.hexbin(labels, answers, gridsize=55, extent=extent, bins="log", mincnt=1, cmap="Blues")
        counts = FuncFormatter(lambda count, _: f"{count:,.0f}")
        figure.colorbar(cells, ax=axes, label="images in a cell", shrink=0.85, format=counts)
    axes.plot([low, high], [low, high], "--", color=GREY, linewidth=1.2, label="predicted = true")
    axes.set(xlabel=f"true {quantity}", ylabel=f"predicted {quantity}", xlim=(low, high), ylim=(low, high))
    axes.set_aspect("equal")


def _errors(axes: Axes, errors: NDArray[np.float64], quantity: str) -> None:
    low, high = _limits(errors)
    axes.hist(errors, bins=41, range=(low, high), color=BLUE, edgecolor="white", linewidth=0.4)
    axes.axvline(0, color=GREY, linestyle="--", linewidth=1.2)
    bias = float(errors.mean())
    axes.axvline(bias, color=VERMILION, linewidth=1.5, label=f"mean error {bias:+.3g}")
    axes.set(xlabel=f"error (predicted - true {quantity})", ylabel="images")
    axes.xaxis.set_major_locator(MaxNLocator(6))


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return an interval with some air around the values, of some width even where they are all equal."""
    low, high = float(values.min()), float(values.max())
    air = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    return low - air, high + air
