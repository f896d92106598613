"""The sums that `service.statistics.counts` keeps: of requests in one protocol, and of batches."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from service.statistics.durations import BOUNDS_S, NO_TIMES, Duration, Times
from service.statistics.requests import RequestStatistics

_BOUNDS_S = np.array(BOUNDS_S)

REQUEST, BATCH = 6, 3
"""Numbers that are noted of each."""


class _TimeSum:
    """Times that are added up."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.counts = np.array(NO_TIMES, np.int64)

    def add(self, seconds: NDArray[np.float64]) -> None:
        self.seconds += float(seconds.sum())
        self.counts += _buckets(seconds)

    def add_one(self, seconds: float) -> None:
        self.seconds += seconds
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    @property
    def times(self) -> Times:
        return Times(_ns(self.seconds), tuple(self.counts.tolist()))


class RequestSums:
    """The sums of requests."""

    def __init__(self) -> None:
        self._rows = 0
        self._success, self._queue, self._infer = _TimeSum(), _TimeSum(), _TimeSum()
        self._input_s = self._output_s = 0.0
        self._failures: dict[str, _TimeSum] = {}

    @property
    def events(self) -> int:
        """How many requests were counted."""
        return self._success.count + sum(one.count for one in self._failures.values())

    def add(self, noted: NDArray[np.float64]) -> None:
        """Add what was noted of answered ones, [requests, 6]."""
        rows, read_at, admitted_at, taken_at, computed_at, encoded_at = noted.T
        self._rows += int(rows.sum())
        self._success.add(encoded_at - read_at)
        self._queue.add(taken_at - admitted_at)
        self._infer.add(computed_at - taken_at)
        self._input_s += float((admitted_at - read_at).sum())
        self._output_s += float((encoded_at - computed_at).sum())

    def fail(self, reason: str, seconds: float) -> None:
        """Add one that was not answered."""
        found = self._failures.get(reason)
        if found is None:
            found = self._failures[reason] = _TimeSum()
        found.add_one(seconds)

    @property
    def figures(self) -> RequestStatistics:
        """What was added so far."""
        count = self._success.count
        return RequestStatistics(
            success=self._success.times,
            failures={reason: one.times for reason, one in self._failures.items()},
            queue=self._queue.times,
            compute_input=duration(count, self._input_s),
            compute_infer=self._infer.times,
            compute_output=duration(count, self._output_s),
            rows=self._rows,
        )


class BatchSums:
    """The sums of computed batches, by their rows: how many, and their seconds."""

    def __init__(self) -> None:
        self.count = 0
        self.by_rows: dict[int, tuple[int, float]] = {}
        self.compute_counts = np.array(NO_TIMES, np.int64)

    def add(self, noted: NDArray[np.float64]) -> None:
        """Add what was noted, [batches, 3]."""
        rows, began_at, ended_at = noted.T
        seconds = ended_at - began_at
        self.count += len(noted)
        self.compute_counts += _buckets(seconds)
        sizes, which = np.unique(rows, return_inverse=True)
        counts, sums = np.bincount(which), np.bincount(which, seconds)
        for size, count, spent_s in zip(sizes.tolist(), counts.tolist(), sums.tolist(), strict=True):
            before = self.by_rows.get(int(size), (0, 0.0))
            self.by_rows[int(size)] = before[0] + count, before[1] + spent_s


def from_floats(noted: list[float], width: int) -> NDArray[np.float64]:
    """Return what was noted flat as rows of so many numbers."""
    return np.array(noted).reshape(-1, width)


def duration(count: int, seconds: float) -> Duration:
    """Return so many of something, with their seconds in whole nanoseconds."""
    return Duration(count, _ns(seconds))


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _buckets(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many times are in each bucket of `BOUNDS_S`."""
    return np.bincount(np.searchsorted(_BOUNDS_S, seconds), minlength=len(NO_TIMES))
