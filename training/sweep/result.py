"""What a sweep found: its trainings by variant, their means over the seeds, and the best of them.

The best is chosen by the sweep's validation figure alone; test figures are carried along and never asked.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.sweep.row import Row
from training.sweep_files.catalog import Sweep


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the seeds: its mean, and its sample standard deviation where there are several."""

    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A variant, or a trial, with all its seeds.

    Attributes:
        name: the variant's, or ``trial 3``.
        values: the values that a search tried, by field; empty in a comparison.
        rows: one for each seed.
    """

    name: str
    values: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def finished(self) -> tuple[Row, ...]:
        """The trainings that came to their end."""
        return tuple(row for row in self.rows if row.outcome == "finished")

    @property
    def whole(self) -> bool:
        """Whether all trainings came to their end: one that fails with a seed is not to be trusted."""
        return len(self.finished) == len(self.rows)

    def kept(self, figure: str) -> Spread | None:
        """Return a figure of the history at the kept epochs, over the seeds that finished."""
        return _spread([row.kept(figure) for row in self.finished])

    def stated(self, figure: str) -> Spread | None:
        """Return a figure as versions state it, such as ``test_accuracy``, over the seeds that finished."""
        return _spread([row.figures.get(figure) for row in self.finished])


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """The groups in the order in which they were trained."""

    sweep: Sweep
    groups: tuple[Group, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All trainings."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def metric(self) -> str:
        """The figure beside the loss: ``accuracy``, or ``mean_absolute_error`` where recipes give numbers."""
        return self.rows[0].recipe.metric

    @property
    def best(self) -> Group | None:
        """The group with the best mean of the monitored figure; None where no group is whole."""
        whole = [group for group in self.groups if group.whole]
        return min(whole, key=lambda group: self._rank([*group.rows]), default=None)

    @property
    def best_row(self) -> Row | None:
        """The training of the best group that has the best value of the monitored figure itself."""
        best = self.best
        return None if best is None else min(best.rows, key=lambda row: self._rank([row]))

    def _rank(self, rows: Sequence[Row]) -> float:
        """Return what is lowest for the best."""
        return sign(self.sweep.monitor) * statistics.fmean(value_of(row, self.sweep.monitor) for row in rows)


def sign(monitor: str) -> int:
    """Return -1 for a figure that is better the higher it is, else 1."""
    return -1 if monitor == "val_accuracy" else 1


def value_of(row: Row, monitor: str) -> float:
    """Return a finished training's value of the monitored figure."""
    value = row.kept(monitor)
    assert value is not None, "a finished training has every figure that its recipe can monitor"
    return value


def _spread(values: Sequence[float | None]) -> Spread | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None)
