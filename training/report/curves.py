"""Learning curves: loss, metric and, where it changes, learning rate by epoch."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.by_epoch import height, tick_epochs
from training.report.style import BLUE, GREEN, GREY, ORANGE, in_percent, new_figure
from training.trained import Trained

_FEW = 40  # epochs that are told apart by markers


def learning_curves(trained: Trained) -> Figure:
    """Draw each figure by epoch, of training and of validation data, with the kept epoch marked."""
    history, metric, recipe = trained.history, trained.recipe.metric, trained.recipe
    panels = [("loss", height("loss", [recipe]))]
    if metric != recipe.loss.name:
        panels.append((metric, height(metric, [recipe])))
    if len(set(history.get("learning_rate", ()))) > 1:
        panels.append(("learning_rate", "learning rate"))
    figure = new_figure(max(6.4, 4.2 * len(panels)), 3.9, finding(trained))
    for axes, (name, label) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _curve(axes, trained, name)
        axes.set(title=name.replace("_", " ").capitalize(), xlabel="epoch", ylabel=label)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def finding(trained: Trained) -> str:
    """Say which epoch is kept, and why."""
    kept, run, keeper = trained.kept_epoch, trained.epochs_run, trained.recipe.keeper
    if run == 1:
        return "There was one epoch"
    if keeper is not None and keeper in trained.history:
        best = trained.history[keeper][kept - 1]
        figure = keeper.removeprefix("val_").replace("_", " ")
        return f"Epoch {kept} of {run} is kept: its validation {figure} of {best:.4g} is the best"
    losses = trained.history.get("val_loss", trained.history["loss"])
    lowest = min(range(run), key=losses.__getitem__)
    if lowest + 1 == kept:
        return f"Epoch {kept} of {run} is kept; no epoch had a lower validation loss"
    return f"Epoch {kept} of {run} is kept, though the validation loss was lowest in epoch {lowest + 1}"


def _curve(axes: Axes, trained: Trained, name: str) -> None:
    epochs, history = range(1, trained.epochs_run + 1), trained.history
    marked = trained.epochs_run <= _FEW
    look: dict[str, Any] = {"markersize": 3.5, "linewidth": 1.5}
    if name == "learning_rate":
        axes.plot(epochs, history[name], "^-" if marked else "-", color=GREEN, **look)
        axes.set_ylim(bottom=0)
    else:
        axes.plot(epochs, history[name], "o-" if marked else "-", color=BLUE, label="training", **look)
    if f"val_{name}" in history:
        values = history[f"val_{name}"]
        axes.plot(epochs, values, "s-" if marked else "-", color=ORANGE, label="validation", **look)
    axes.axvline(trained.kept_epoch, color=GREY, linestyle=":", label="kept epoch", zorder=0)
    axes.set_xlim(min(0.5, 1 - 0.03 * trained.epochs_run), trained.epochs_run * 1.03 + 0.5)
    tick_epochs(axes.xaxis, trained.epochs_run)
    if name == "accuracy":
        in_percent(axes.yaxis)
    axes.grid(axis="y")
