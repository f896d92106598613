"""The counting itself: one version in one worker.

It is on the way of every prediction, so it may cost next to nothing: times are noted as they come, in seconds
of the monotonic clock, and added up many at once, which costs less than to add up each where it comes.
"""

import time

import numpy as np
from numpy.typing import NDArray

from service.pending import Entry
from service.statistics.figures import BOUNDS_S, NO_TIMES, Duration, VersionStatistics

_BOUNDS_S = np.array(BOUNDS_S)

_REQUEST, _BATCH = 6, 3
"""Numbers that are noted of each."""

_MOST_REQUESTS, _MOST_BATCHES = 512 * _REQUEST, 512 * _BATCH
"""Numbers after which they are added up, which takes a fraction of a millisecond."""


class Counts:
    """What one worker has counted of one version; also the `service.batching.Observer` of its batcher.

    Belongs to one event loop. A request is counted once, by `answered` or by `failed`.
    """

    __slots__ = (
        "_answered",
        "_computed",
        "_failed_batches",
        "_failed_rows",
        "_failed_s",
        "_failures",
        "_known",
        "_known_as",
        "_last",
        "_requests",
        "_sizes",
        "model",
        "version",
    )

    def __init__(self, model: str, version: int) -> None:
        self.model = model
        self.version = version
        # Flat, for lists and tuples inside would be work for the collector of garbage.
        self._answered: list[float] = []
        self._computed: list[float] = []
        self._requests = _Requests()
        self._sizes = _Sizes()
        self._failures: dict[str, tuple[int, float]] = {}
        self._failed_batches = self._failed_rows = 0
        self._failed_s = 0.0
        self._last = (0.0, 0)  # the end of the last batch, on two clocks
        self._known: VersionStatistics | None = None
        self._known_as = (-1, 0)

    def answered(self, entry: Entry, read_at: float, encoded_at: float) -> None:
        """Count a request that has its answer.

        Args:
            entry: its rows, which are computed.
            read_at: when its body was complete.
            encoded_at: when its answer was.
        """
        noted = self._answered
        noted += (
            len(entry.rows),
            read_at,
            entry.admitted_at,
            entry.taken_at,
            entry.computed_at,
            encoded_at,
        )
        if len(noted) >= _MOST_REQUESTS:
            self._add_up()

    def batch_computed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Count a batch that has its outputs."""
        noted = self._computed
        noted += (rows, began_at, ended_at)
        if len(noted) >= _MOST_BATCHES:
            self._add_up()

    def batch_failed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Count a batch that gave no outputs, or others than it should."""
        self._failed_batches += 1
        self._failed_rows += rows
        self._failed_s += ended_at - began_at

    def failed(self, reason: str, seconds: float) -> None:
        """Count a request that gets no answer: an error's code, `CANCELLED` or `INTERNAL`."""
        count, spent_s = self._failures.get(reason, (0, 0.0))
        self._failures[reason] = count + 1, spent_s + seconds

    def figures(self, rows_in_flight: int = 0) -> VersionStatistics:
        """Return what was counted so far: the same object again where nothing was since."""
        self._add_up()
        failures = sum(count for count, _ in self._failures.values())
        events = self._requests.count + failures + self._sizes.count + self._failed_batches
        if self._known is None or self._known_as != (events, rows_in_flight):
            self._known, self._known_as = self._figures(rows_in_flight), (events, rows_in_flight)
        return self._known

    def _add_up(self) -> None:
        if self._answered:
            self._requests.add(np.array(self._answered).reshape(-1, _REQUEST))
            self._answered.clear()
        if self._computed:
            ended_at = self._computed[-1]
            # The clock of people is asked once for each time, or that would change as clocks are set.
            ago_s = time.monotonic() - ended_at
            self._last = ended_at, round((time.time() - ago_s) * 1000)
            self._sizes.add(np.array(self._computed).reshape(-1, _BATCH))
            self._computed.clear()

    def _figures(self, rows_in_flight: int) -> VersionStatistics:
        requests, sizes = self._requests, self._sizes
        count = requests.count
        return VersionStatistics(
            model=self.model,
            version=self.version,
            last_inference_ms=self._last[1],
            success=_duration(count, requests.latency_s),
            failures={reason: _duration(*one) for reason, one in self._failures.items()},
            queue=_duration(count, requests.queue_s),
            compute_input=_duration(count, requests.input_s),
            compute_infer=_duration(count, requests.infer_s),
            compute_output=_duration(count, requests.output_s),
            rows=requests.rows,
            rows_in_flight=rows_in_flight,
            batches={size: _duration(*one) for size, one in sizes.by_rows.items()},
            failed_batches=_duration(self._failed_batches, self._failed_s),
            failed_rows=self._failed_rows,
            latency_counts=tuple(requests.latency_counts.tolist()),
            queue_counts=tuple(requests.queue_counts.tolist()),
            compute_counts=tuple(sizes.compute_counts.tolist()),
        )


class _Requests:
    """The sums of answered requests."""

    def __init__(self) -> None:
        self.count = self.rows = 0
        self.latency_s = self.queue_s = self.input_s = self.infer_s = self.output_s = 0.0
        self.latency_counts = self.queue_counts = np.array(NO_TIMES, np.int64)

    def add(self, noted: NDArray[np.float64]) -> None:
        """Add what was noted, [requests, 6]."""
        rows, read_at, admitted_at, taken_at, computed_at, encoded_at = noted.T
        latency_s, queue_s = encoded_at - read_at, taken_at - admitted_at
        self.count += len(noted)
        self.rows += int(rows.sum())
        self.latency_s += float(latency_s.sum())
        self.queue_s += float(queue_s.sum())
        self.input_s += float((admitted_at - read_at).sum())
        self.infer_s += float((computed_at - taken_at).sum())
        self.output_s += float((encoded_at - computed_at).sum())
        self.latency_counts = self.latency_counts + _buckets(latency_s)
        self.queue_counts = self.queue_counts + _buckets(queue_s)


class _Sizes:
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
        self.compute_counts = self.compute_counts + _buckets(seconds)
        sizes, which = np.unique(rows, return_inverse=True)
        counts, sums = np.bincount(which), np.bincount(which, seconds)
        for size, count, spent_s in zip(sizes.tolist(), counts.tolist(), sums.tolist(), strict=True):
            before = self.by_rows.get(int(size), (0, 0.0))
            self.by_rows[int(size)] = before[0] + count, before[1] + spent_s


def _buckets(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many times are in each bucket of `BOUNDS_S`."""
    return np.bincount(np.searchsorted(_BOUNDS_S, seconds), minlength=len(NO_TIMES))


def _duration(count: int, seconds: float) -> Duration:
    return Duration(count, round(seconds * 1e9))
