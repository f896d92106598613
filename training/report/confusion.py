"""The confusion matrix: how often each class was taken for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from training.report.labels import Labels
from training.report.style import new_figure, percent

_COUNTED, _NAMED = 32, 64  # classes up to which cells hold their count, and axes all names
_COLUMNS = 22

Matrix = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Confusion:
    """So many rows of one class, of which there are `support`, were taken for another."""

    true: int
    predicted: int
    rows: int
    support: int


def commonest(matrix: Matrix, most: int) -> list[Confusion]:
    """Return the commonest confusions, by rows; equal ones in the order of their classes."""
    counts = np.array(matrix, np.int64)
    support = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    found = [(int(index) // len(counts), int(index) % len(counts)) for index in order]
    return [Confusion(t, p, int(counts[t, p]), int(support[t])) for t, p in found if counts[t, p]]


def confusion_matrix(matrix: Matrix, labels: Labels) -> Figure:
    """Draw the counts [true class][predicted class]; colours are shares of the true class."""
    counts, names = np.array(matrix, np.int64), labels.short(_COLUMNS)
    classes = len(counts)
    cell = 0.55 if classes <= 12 else 0.36 if classes <= _COUNTED else 0.17
    side = min(cell * classes, 9.5 if classes <= _COUNTED else 8) if classes > 2 else 1.8
    figure = new_figure(side + 3.4, side + 2.3, _finding(matrix, names))
    axes = figure.subplots()
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    # The square root lifts the rare confusions, which the picture is for, out of the white.
    norm = PowerNorm(0.5, 0, 1)
    image = axes.imshow(shares, cmap="Blues", norm=norm)
    _ticks(axes, names, counts.sum(axis=1))
    if classes <= _COUNTED:
        _write_counts(axes, counts, norm(shares), 8.5 if classes <= 12 else 6.5)
    axes.spines[:].set_visible(True)
    bar = figure.colorbar(image, ax=axes, shrink=0.75, ticks=[0, 0.01, 0.05, 0.1, 0.25, 0.5, 1])
    bar.ax.set_yticklabels(["0", "1%", "5%", "10%", "25%", "50%", "100%"])
    bar.set_label("share of the true class")
    return figure


def _finding(matrix: Matrix, names: Sequence[str]) -> str:
    worst = commonest(matrix, 1)
    if not worst:
        return "No class was ever taken for another"
    one = worst[0]
    rows = f"{one.rows:,} of {one.support:,} ({percent(one.rows / one.support)})"
    return f"Commonest confusion: {names[one.true]} taken for {names[one.predicted]}, {rows}"


def _ticks(axes: Axes, names: Sequence[str], support: NDArray[np.int64]) -> None:
    axes.set(xlabel="predicted class", ylabel="true class")
    if len(names) > _NAMED:
        axes.set(xlabel="predicted class (number)", ylabel="true class (number)")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        return
    size = 9 if len(names) <= 12 else 8 if len(names) <= _COUNTED else 6
    # Where all classes have as many rows, their number says nothing.
    uneven = len(set(support.tolist())) > 1
    rows = [f"{name} ({count:,})" for name, count in zip(names, support, strict=True)] if uneven else names
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(range(len(names)), rows, fontsize=size)


def _write_counts(axes: Axes, counts: NDArray[np.int64], depth: NDArray[np.float64], size: float) -> None:
    for row, column in zip(*counts.nonzero(), strict=True):
        ink = "white" if depth[row, column] > 0.6 else "black"
        text = f"{counts[row, column]:,}"
        axes.text(
            column, row, text, ha="center", va="center", color=ink, fontsize=size * min(1, 4.5 / len(text))
        )
