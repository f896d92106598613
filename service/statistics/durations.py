"""Times that add up: their number, their sum, and where it matters how many were how long."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from operator import add
from typing import NamedTuple, TypeVar

K = TypeVar("K")

BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds of the buckets for times, in seconds; one more bucket takes what is above them all."""

NO_TIMES = (0,) * (len(BOUNDS_S) + 1)


class Histogram(NamedTuple):
    """How many values are in each bucket: above the bound before, and at most its own.

    `counts` has one bucket more than `bounds`, for what is above them all; `sum` is of all values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float

    @property
    def cumulative(self) -> tuple[int, ...]:
        """How many values are at most each bound, and last how many there are; as Prometheus wants them."""
        return tuple(accumulate(self.counts))


@dataclass(frozen=True, slots=True)
class Duration:
    """So many of something, which took so many nanoseconds together."""

    count: int = 0
    ns: int = 0

    @property
    def mean_s(self) -> float | None:
        """Seconds that one took on average; None where there was none."""
        return self.ns / self.count / 1e9 if self.count else None

    def __add__(self, other: "Duration") -> "Duration":
        return Duration(self.count + other.count, self.ns + other.ns)


@dataclass(frozen=True, slots=True)
class Times:
    """So many nanoseconds together, and in `counts` how many times are in each bucket of `BOUNDS_S`."""

    ns: int = 0
    counts: tuple[int, ...] = NO_TIMES

    @property
    def duration(self) -> Duration:
        """The same without the buckets."""
        return Duration(sum(self.counts), self.ns)

    @property
    def seconds(self) -> Histogram:
        """The same in seconds."""
        return Histogram(BOUNDS_S, self.counts, self.ns / 1e9)

    def __add__(self, other: "Times") -> "Times":
        return Times(self.ns + other.ns, tuple(map(add, self.counts, other.counts)))


NO_TIME, NO_BUCKETS = Duration(), Times()
"""Of nothing."""


def total(durations: Iterable[Duration]) -> Duration:
    """Add up durations."""
    return sum(durations, NO_TIME)


def together(one: Mapping[K, Duration], other: Mapping[K, Duration]) -> dict[K, Duration]:
    """Add up the durations of each key, in the order in which they come."""
    return {key: one.get(key, NO_TIME) + other.get(key, NO_TIME) for key in {**one, **other}}
