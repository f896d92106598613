"""The picture of a sweep: curves by epoch of what was compared, or what each trial of a search was worth."""

from pathlib import Path

from training.report import style
from training.report.labels import labels_of
from training.sweep.curves import curves
from training.sweep.result import SweepResult
from training.sweep.trials import trials
from training.sweep_files.errors import SweepError


def draw(result: SweepResult, path: Path) -> None:
    """Draw into a PNG file.

    Raises:
        SweepError: the file cannot be written.
    """
    labels = labels_of([group.name for group in result.groups])
    with style.applied(labels.fonts):
        figure = trials(result) if result.sweep.search else curves(result, labels.short(28))
        try:
            style.save(figure, path)
        except OSError as error:
            raise SweepError(f"The picture {path} cannot be written: {error.strerror}.") from error
