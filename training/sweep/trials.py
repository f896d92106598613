"""What the trials of a search were worth: in their order, and by each value that was searched."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from training.report.by_epoch import height
from training.report.style import BLUE, GREY, VERMILION, new_figure
from training.schema.sweep import Dimension
from training.sweep.result import Group, SweepResult, sign, value_of
from training.sweep.table import said, verdict

_A_ROW = 4  # panels
_DECADES = 50  # an axis that covers less is labelled between the powers of ten, too


def trials(result: SweepResult) -> Figure:
    """Draw a panel of the order and one for each searched field, which share their vertical axis."""
    search, monitor = result.sweep.search, result.sweep.monitor
    assert search is not None
    count = 1 + len(search.space)
    columns = min(count, _A_ROW)
    rows = math.ceil(count / columns)
    figure = new_figure(3.1 * columns + 0.5, 3.1 * rows + 0.8, verdict(result))
    panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    points = [(group, _worth(group, monitor)) for group in result.groups]
    known = [(group, worth) for group, worth in points if worth is not None]
    numbers = {group.name: number for number, group in enumerate(result.groups, 1)}
    _scatter(panels[0], result, [(numbers[group.name], group, worth) for group, worth in known])
    _best_so_far(panels[0], result)
    measured = height(monitor.removeprefix("val_"), [row.recipe for row in result.rows])
    label = monitor.replace("val_", "validation ").replace("_", " ")
    panels[0].set(xlabel="trial", ylabel=f"{label}: {measured}" if monitor == "val_loss" else label)
    panels[0].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axes, (field, dimension) in zip(panels[1:], search.space.items(), strict=False):
        places = [(_place(dimension, group.values[field]), group, worth) for group, worth in known]
        _scatter(axes, result, places)
        _frame(axes, field, dimension)
    for axes in panels[count:]:
        axes.set_visible(False)
    for axes in panels[:count]:
        axes.grid(axis="y")
        axes.tick_params(labelleft=True)
        if monitor == "val_accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _worth(group: Group, monitor: str) -> float | None:
    """Return the height of a trial's point: of a pruned one the best that it had come to."""
    values = [row.kept(monitor) for row in group.rows]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _scatter(axes: Axes, result: SweepResult, points: Sequence[tuple[float, Group, float]]) -> None:
    best = result.best
    kinds = [
        ("o", BLUE, "trial", [p for p in points if p[1].whole and p[1] is not best]),
        ("x", GREY, "pruned or failed, at its best epoch", [p for p in points if not p[1].whole]),
        ("D", VERMILION, "the best", [p for p in points if p[1] is best]),
    ]
    for marker, colour, label, chosen in kinds:
        if chosen:
            x, _, y = zip(*chosen, strict=True)
            axes.plot(x, y, marker, color=colour, label=label, markersize=6, alpha=0.85, zorder=3)


def _best_so_far(axes: Axes, result: SweepResult) -> None:
    steps: list[tuple[int, float]] = []
    side = sign(result.sweep.monitor)
    for number, group in enumerate(result.groups, 1):
        if group.whole:
            mean = sum(value_of(row, result.sweep.monitor) for row in group.rows) / len(group.rows)
            if not steps or side * mean < side * steps[-1][1]:
                steps.append((number, mean))
    if steps:
        steps.append((len(result.groups), steps[-1][1]))
        x, y = zip(*steps, strict=True)
        axes.step(x, y, where="post", color=VERMILION, linewidth=1, label="best until then", zorder=2)


def _place(dimension: Dimension, value: Any) -> float:
    return float(value) if dimension.choices is None else dimension.choices.index(value)


def _frame(axes: Axes, field: str, dimension: Dimension) -> None:
    axes.set_xlabel(field)
    if dimension.choices is not None:
        axes.set_xticks(range(len(dimension.choices)), [said(value) for value in dimension.choices])
        axes.set_xlim(-0.5, len(dimension.choices) - 0.5)
    elif dimension.log:
        axes.set_xscale("log")
        # The scale's own labels are formulas, which pictures that may hold any class name do not parse.
        few = float(dimension.high or 0) / float(dimension.low or 1) < _DECADES
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
