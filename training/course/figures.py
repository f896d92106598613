"""Figures of trainings, as the experiments compare and write them."""

from collections.abc import Sequence

from training.course.outcome import Comparison
from training.sweep import Row


def compared(
    what: str, rows: Sequence[Row], figure: str, reference: float | None = None, *, lower: bool = False
) -> Comparison:
    """Return a figure of the kept epoch of several trainings, or of the test data, beside its reference.

    Args:
        what: the figure's name on the page.
        rows: the same training with several seeds.
        figure: as the history calls it (``val_loss``), or as a version's metadata does (``test_accuracy``).
        reference: what the course's notes report.
        lower: whether a lower value is the better one.
    """
    return Comparison(what, tuple(value(row, figure) for row in rows), reference, lower)


def value(row: Row, figure: str) -> float:
    """Return a figure of the kept epoch, or of the test data, that a finished training must have."""
    found = row.figures.get(figure) if figure.startswith("test_") else row.kept(figure)
    assert found is not None, f"a finished training of {row.variant} states its {figure}"
    return found


def lowest_epoch(row: Row) -> int:
    """Return the epoch with the lowest validation loss, counted from 1."""
    losses = row.history["val_loss"]
    return losses.index(min(losses)) + 1


def gap(row: Row) -> float:
    """Return how much higher the validation loss is than the training loss after the last epoch."""
    return row.history["val_loss"][-1] - row.history["loss"][-1]


def small(found: float) -> str:
    """Write a figure that is next to nothing, or is nothing."""
    return f"{found:.0e}" if found else "0"


def number(found: float, digits: int = 4) -> str:
    """Write a figure with so many digits after the point."""
    return f"{found:.{digits}f}"
