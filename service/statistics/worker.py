"""What one worker knows of itself: what it has counted, and how the versions stand in it now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from service.statistics.figures import VersionStatistics, merged

Key = tuple[str, int]
"""A model's name in URLs, and a version."""

Numbers = Mapping[str, Mapping[str, int]]
"""Counts by two words."""


class Source(Protocol):
    """Where that comes from which a worker does not count by itself: the registry."""

    def rows_in_flight(self) -> Mapping[Key, int]:
        """Return the rows in flight of every version that is loaded."""
        ...

    def states(self) -> Mapping[str, Mapping[int, str]]:
        """Return the state of every version, by model."""
        ...

    def swaps(self) -> Numbers:
        """Return how often another version took over, by model and kind."""
        ...


class NoSource:
    """Knows of no version."""

    def rows_in_flight(self) -> Mapping[Key, int]:  # noqa: D102
        return {}

    def states(self) -> Mapping[str, Mapping[int, str]]:  # noqa: D102
        return {}

    def swaps(self) -> Numbers:  # noqa: D102
        return {}


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """What one worker, with those whose place it took, has counted.

    Attributes:
        number: of its place among the workers.
        pid: its process.
        versions: every version that it ever had loaded.
        refused: requests that failed and count for no version, by protocol and reason.
        swaps: how often another version took over, by model and kind.
        states: of all versions, by model; now.
    """

    number: int = 0
    pid: int = 0
    versions: tuple[VersionStatistics, ...] = ()
    refused: Numbers = field(default_factory=dict)
    swaps: Numbers = field(default_factory=dict)
    states: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    @property
    def at_its_end(self) -> "WorkerStatistics":
        """What stays of it when its process is gone."""
        return replace(
            self, versions=tuple(replace(one, rows_in_flight=0) for one in self.versions), states={}
        )

    def after(self, before: "WorkerStatistics") -> "WorkerStatistics":
        """Return this with what a predecessor has counted."""
        return replace(
            self,
            versions=tuple(merged([*before.versions, *self.versions])),
            refused=added([before.refused, self.refused]),
            swaps=added([before.swaps, self.swaps]),
        )


def added(many: Iterable[Numbers]) -> dict[str, dict[str, int]]:
    """Add up counts."""
    found: dict[str, dict[str, int]] = {}
    for one in many:
        for first, inner in one.items():
            into = found.setdefault(first, {})
            for second, count in inner.items():
                into[second] = into.get(second, 0) + count
    return found
