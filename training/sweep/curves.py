"""Validation curves of everything that was compared: loss, and the metric where there is another one."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from training.report.by_epoch import height, label_powers, tick_epochs
from training.report.style import GREY, new_figure
from training.sweep.result import SweepResult, sign
from training.sweep.row import Row
from training.sweep.table import verdict

Dash = Literal["-", "--", "-.", ":"]

# Okabe and Ito's colours without their yellow, which white paper swallows.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
_DASHES: tuple[Dash, ...] = ("-", "--", "-.")
_FEW = 3  # lines that leave room for as many others
_SQUEEZED = (
    5  # times the median of the kept losses: a line so high leaves the others no room to be told apart
)


@dataclass(frozen=True, slots=True)
class _Line:
    """What the legend names: a variant with its seeds, or a seed of the only variant."""

    label: str
    rows: tuple[Row, ...]
    colour: str
    dash: Dash


def curves(result: SweepResult, names: Sequence[str]) -> Figure:
    """Draw the curves, in the colour of their variant: thin for each seed, thick for the seeds' mean.

    Where they are few, the training curves stand dotted beside them. Where one line would squeeze all
    others together, the axis is logarithmic.

    Args:
        result: what the sweep found.
        names: what the picture calls its groups, in their order.
    """
    lines = _lines(result, names)
    panels = ["loss"]
    if result.metric not in result.rows[0].recipe.loss.name:
        panels.append(result.metric)
    dotted = len(lines) <= _FEW and any(row.epochs > 1 for row in result.rows)  # one epoch makes no curve
    figure = new_figure(4.6 * len(panels) + 2.4, 4.4, verdict(result))
    for axes, name in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        # What is short lies on top of what goes on, with which it may share its beginning.
        for line in sorted(lines, key=lambda line: -max(row.epochs for row in line.rows)):
            if dotted:
                _mean(axes, line, name, ":", 1.2)
            _validation(axes, line, f"val_{name}")
        whose = "Validation and training" if dotted else "Validation"
        _frame(axes, name, f"{whose} {name.replace('_', ' ')}", result)
    ordered = sorted(lines, key=lambda line: _worth(line, result.sweep.monitor))
    legend = {line.label: Line2D([], [], color=line.colour, ls=line.dash, lw=2.2) for line in ordered}
    legend["kept epoch"] = Line2D([], [], color=GREY, linestyle="", marker="o", markersize=4.5)
    if dotted:
        legend["training"] = Line2D([], [], color=GREY, linestyle=":", lw=1.2)
    figure.legend(legend.values(), legend.keys(), loc="outside right upper")
    return figure


def _lines(result: SweepResult, names: Sequence[str]) -> list[_Line]:
    named = [(name, group.rows) for name, group in zip(names, result.groups, strict=True)]
    if len(named) == 1:
        named = [(f"seed {row.seed}", (row,)) for row in result.rows]
    looks = itertools.cycle(itertools.product(_DASHES, _COLOURS))
    return [
        _Line(_label(name, rows), rows, colour, dash)
        for (name, rows), (dash, colour) in zip(named, looks, strict=False)
    ]


def _label(name: str, rows: Sequence[Row]) -> str:
    failed = sum(row.outcome != "finished" for row in rows)
    if not failed:
        return name
    return f"{name} (failed)" if len(rows) == failed else f"{name} ({failed} of {len(rows)} failed)"


def _validation(axes: Axes, line: _Line, figure: str) -> None:
    if len(line.rows) > 1:
        for row in line.rows:
            values = row.history.get(figure, ())
            axes.plot(range(1, len(values) + 1), values, line.dash, color=line.colour, lw=0.8, alpha=0.45)
    _mean(axes, line, figure, line.dash, 2.0)
    for row in line.rows:
        kept = row.kept(figure)
        if row.kept_epoch is not None and kept is not None and row.outcome == "finished":
            axes.plot(row.kept_epoch, kept, "o", color=line.colour, markersize=4.5)


def _mean(axes: Axes, line: _Line, figure: str, dash: Dash, width: float) -> None:
    """Draw the mean as far as all seeds came: beyond, it would be one of fewer, and jump."""
    several = [row.history[figure] for row in line.rows if row.history.get(figure)]
    mean = [statistics.fmean(epoch) for epoch in zip(*several, strict=False)]
    axes.plot(range(1, len(mean) + 1), mean, dash, color=line.colour, lw=width)


def _frame(axes: Axes, figure: str, title: str, result: SweepResult) -> None:
    epochs = max((row.epochs for row in result.rows), default=1)
    label = height(figure, [row.recipe for row in result.rows])
    axes.set(title=title, xlabel="epoch", ylabel=label)
    axes.set_xlim(1 - 0.03 * max(epochs, 5), epochs + 0.03 * max(epochs, 5))
    tick_epochs(axes.xaxis, epochs)
    if figure == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    elif _squeezes(figure, result):
        axes.set(yscale="log", ylabel=f"{label}, logarithmic")
        label_powers(axes.yaxis)
    axes.grid(axis="y")


def _squeezes(figure: str, result: SweepResult) -> bool:
    """Say whether one validation curve lies far above the rest, at the epoch that it keeps or after it.

    Before that all curves may be high: a first epoch often is.
    """
    histories = [(row.kept_epoch or 1, row.history.get(f"val_{figure}", ())) for row in result.rows]
    ends = [values[kept - 1 :] for kept, values in histories if values]
    if not ends or min(map(min, ends)) <= 0:
        return False
    return max(map(max, ends)) > _SQUEEZED * statistics.median(end[0] for end in ends)


def _worth(line: _Line, monitor: str) -> float:
    """Return what sorts the legend: the best on top, what failed at the end."""
    values = [row.kept(monitor) for row in line.rows if row.outcome == "finished"]
    known = [value for value in values if value is not None]
    return sign(monitor) * statistics.fmean(known) if known else float("inf")
