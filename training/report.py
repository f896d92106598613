"""The pictures of a version: learning curves, confusion matrix, and sample predictions."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from training.trained import Trained

# Colours that stay apart for colour-blind readers (Okabe and Ito).
_BLUE, _ORANGE, _RED = "#0072B2", "#E69F00", "#C23B22"
_ROWS, _COLUMNS = 5, 8
_DPI = 110


def draw_report(trained: Trained, folder: Path) -> None:
    """Draw every picture of the report as PNG into `folder`, which is made.

    Figures are drawn without pyplot, which would keep them alive and choose a backend for the process.
    """
    folder.mkdir()
    pictures = {
        "learning_curves": learning_curves(trained),
        "confusion_matrix": confusion_matrix(trained),
        "samples": samples(trained),
    }
    for name, figure in pictures.items():
        figure.savefig(folder / f"{name}.png", dpi=_DPI)


def _layout() -> ConstrainedLayoutEngine:
    """Return a layout that leaves some air around each panel, in inches."""
    return ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)


def learning_curves(trained: Trained) -> Figure:
    """Draw loss and accuracy by epoch, of training and of validation data, with the kept epoch marked."""
    figure = Figure(figsize=(11, 4.4), layout=_layout())
    left, right = figure.subplots(1, 2)
    _curve(left, trained, "loss", "cross-entropy")
    _curve(right, trained, "accuracy", "share of images classified correctly")
    return figure


def _curve(axes: Axes, trained: Trained, name: str, label: str) -> None:
    epochs = range(1, trained.epochs_run + 1)
    axes.plot(epochs, trained.history[name], "o-", color=_BLUE, markersize=4, label="training")
    axes.plot(epochs, trained.history[f"val_{name}"], "s-", color=_ORANGE, markersize=4, label="validation")
    kept = f"kept: epoch {trained.best_epoch}"
    axes.axvline(trained.best_epoch, color="0.4", linestyle=":", label=kept)
    axes.set(title=name.capitalize(), xlabel="epoch", ylabel=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.04)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


def confusion_matrix(trained: Trained) -> Figure:
    """Draw how often each class was taken for each; colours are shares of the true class."""
    counts, names = trained.evaluation.confusion(), trained.dataset.class_names
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    figure = Figure(figsize=(9.2, 8.2), layout=_layout())
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*counts.nonzero(), strict=True):
        ink = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    title = f"{trained.evaluation.accuracy:.2%} of {counts.sum():,} test images are classified correctly"
    axes.set(title=title, xlabel="predicted class", ylabel="true class")
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    return figure


def samples(trained: Trained) -> Figure:
    """Draw the first test images, each with what it was taken for; mistakes are red and name the truth."""
    figure = Figure(figsize=(_COLUMNS * 1.45, _ROWS * 1.85), layout=_layout())
    shown = min(_ROWS * _COLUMNS, len(trained.dataset.test.x))
    figure.suptitle(f"The first {shown} test images, what each was taken for, and with what probability")
    for index, axes in enumerate(figure.subplots(_ROWS, _COLUMNS).flat):
        axes.set_axis_off()
        if index < shown:
            axes.imshow(trained.dataset.test.x[index], cmap="gray_r", vmin=0, vmax=255)
            _caption(axes, trained, index)
    return figure


def _caption(axes: Axes, trained: Trained, index: int) -> None:
    names, evaluation = trained.dataset.class_names, trained.evaluation
    predicted, truth = evaluation.predicted[index], evaluation.labels[index]
    text = f"{names[predicted]} {evaluation.probabilities[index, predicted]:.0%}"
    wrong = predicted != truth
    title = f"{text}\nis {names[truth]}" if wrong else f"{text}\n"
    axes.set_title(title, fontsize=8.5, color=_RED if wrong else "black")
