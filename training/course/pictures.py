"""The pictures of the course's page, small enough to stand beside it in a repository."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from training.course.figures import gap, lowest_epoch
from training.report.by_epoch import height, tick_epochs
from training.report.style import BLUE, GREY, ORANGE, applied, new_figure, save
from training.sweep import Row

_WIDTH, _HEIGHT = 8.4, 3.5


def draw_curves(row: Row, path: Path) -> None:
    """Draw loss and accuracy by epoch, of training and of validation data."""
    turn = lowest_epoch(row)
    with applied():
        figure = new_figure(_WIDTH, _HEIGHT, f"The validation loss is lowest in epoch {turn} of {row.epochs}")
        left, right = figure.subplots(1, 2)
        _plot(left, row, "loss")
        left.axvline(turn, color=GREY, linestyle=":", label="lowest validation loss", zorder=0)
        left.set(title="Loss", xlabel="epoch", ylabel=height("loss", [row.recipe]))
        _plot(right, row, "accuracy")
        right.set(title="Accuracy", xlabel="epoch", ylabel=height("accuracy", [row.recipe]))
        right.yaxis.set_major_formatter(PercentFormatter(1))
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save(figure, path)


def draw_losses(rows: Mapping[str, Row], path: Path) -> None:
    """Draw the losses of several trainings, each in a panel of its own, on one scale."""
    gaps = ", ".join(f"{gap(row):.3f} {name}" for name, row in rows.items())
    with applied():
        figure = new_figure(_WIDTH, _HEIGHT, f"Gap between the losses after the last epoch: {gaps}")
        panels = figure.subplots(1, len(rows), sharey=True)
        for axes, (name, row) in zip(panels, rows.items(), strict=True):
            _plot(axes, row, "loss")
            axes.set(title=f"Loss {name}", xlabel="epoch")
        panels[0].set_ylabel(height("loss", [row.recipe for row in rows.values()]))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        save(figure, path)


def _plot(axes: Axes, row: Row, figure: str) -> None:
    epochs = range(1, row.epochs + 1)
    lines = (("training", figure, "o-", BLUE), ("validation", f"val_{figure}", "s-", ORANGE))
    for label, name, mark, colour in lines:
        axes.plot(epochs, row.history[name], mark, color=colour, label=label, markersize=3.0, linewidth=1.4)
    tick_epochs(axes.xaxis, row.epochs)
    axes.grid(axis="y")
