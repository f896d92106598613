"""The counting itself: one version in one worker.

It is on the way of every prediction, so it may cost next to nothing: times come in as seconds of the
monotonic clock and are added up as they are; what can be worked out when somebody asks is left to that.
"""

import time
from bisect import bisect_left

from service.pending import Entry
from service.statistics.figures import BOUNDS_S, NO_TIMES, Duration, VersionStatistics


class Counts:
    """What one worker has counted of one version; also the `service.batching.Observer` of its batcher.

    Belongs to one event loop. A request is counted once, by `answered` or by `failed`.
    """

    __slots__ = (
        "_batches",
        "_compute_counts",
        "_failed_batches",
        "_failed_rows",
        "_failed_s",
        "_failures",
        "_infer_s",
        "_input_s",
        "_known",
        "_known_as",
        "_last_at",
        "_latency_counts",
        "_latency_s",
        "_output_s",
        "_queue_counts",
        "_queue_s",
        "_rows",
        "_seen_last",
        "_success",
        "model",
        "version",
    )

    def __init__(self, model: str, version: int) -> None:
        self.model = model
        self.version = version
        self._success = self._rows = 0
        self._latency_s = self._queue_s = self._input_s = self._infer_s = self._output_s = 0.0
        self._latency_counts, self._queue_counts, self._compute_counts = (list(NO_TIMES) for _ in range(3))
        self._failures: dict[str, tuple[int, float]] = {}
        self._batches: dict[int, list[float]] = {}  # by rows: how many, and their seconds
        self._failed_batches = self._failed_rows = 0
        self._failed_s = 0.0
        self._last_at = 0.0
        self._seen_last = (0.0, 0)  # the same time on two clocks
        self._known: VersionStatistics | None = None
        self._known_as = (-1, 0)

    def answered(self, entry: Entry, read_at: float, outputs_at: float, encoded_at: float) -> None:
        """Count a request that has its answer.

        Args:
            entry: its rows, which are computed.
            read_at: when its body was complete.
            outputs_at: when the encoding of its answer began.
            encoded_at: and when it ended.
        """
        admitted_at = entry.admitted_at
        latency_s, queue_s = encoded_at - read_at, entry.taken_at - admitted_at
        self._success += 1
        self._rows += len(entry.rows)
        self._latency_s += latency_s
        self._queue_s += queue_s
        self._input_s += admitted_at - read_at
        self._infer_s += entry.computed_s
        self._output_s += encoded_at - outputs_at
        self._latency_counts[bisect_left(BOUNDS_S, latency_s)] += 1
        self._queue_counts[bisect_left(BOUNDS_S, queue_s)] += 1

    def failed(self, reason: str, seconds: float) -> None:
        """Count a request that gets no answer: an error's code, `CANCELLED` or `INTERNAL`."""
        count, spent_s = self._failures.get(reason, (0, 0.0))
        self._failures[reason] = count + 1, spent_s + seconds

    def batch_computed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Count a batch that has its outputs."""
        seconds = ended_at - began_at
        batches = self._batches.get(rows)
        if batches is None:
            self._batches[rows] = [1, seconds]
        else:
            batches[0] += 1
            batches[1] += seconds
        self._compute_counts[bisect_left(BOUNDS_S, seconds)] += 1
        self._last_at = ended_at

    def batch_failed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Count a batch that gave no outputs, or others than it should."""
        self._failed_batches += 1
        self._failed_rows += rows
        self._failed_s += ended_at - began_at

    def figures(self, rows_in_flight: int = 0) -> VersionStatistics:
        """Return what was counted so far: the same object again where nothing was since."""
        failures = sum(count for count, _ in self._failures.values())
        events = self._success + failures + sum(self._compute_counts) + self._failed_batches
        if self._known is None or self._known_as != (events, rows_in_flight):
            self._known, self._known_as = self._figures(rows_in_flight), (events, rows_in_flight)
        return self._known

    def _figures(self, rows_in_flight: int) -> VersionStatistics:
        return VersionStatistics(
            self.model,
            self.version,
            self._last_inference_ms(),
            _duration(self._success, self._latency_s),
            {reason: _duration(*one) for reason, one in self._failures.items()},
            _duration(self._success, self._queue_s),
            _duration(self._success, self._input_s),
            _duration(self._success, self._infer_s),
            _duration(self._success, self._output_s),
            self._rows,
            rows_in_flight,
            {size: _duration(int(count), seconds) for size, (count, seconds) in self._batches.items()},
            _duration(self._failed_batches, self._failed_s),
            self._failed_rows,
            tuple(self._latency_counts),
            tuple(self._queue_counts),
            tuple(self._compute_counts),
        )

    def _last_inference_ms(self) -> int:
        """Say it on the clock of people; worked out once for each, or it would change as clocks are set."""
        if self._last_at != self._seen_last[0]:
            ago_s = time.monotonic() - self._last_at
            self._seen_last = self._last_at, round((time.time() - ago_s) * 1000)
        return self._seen_last[1]


def _duration(count: int, seconds: float) -> Duration:
    return Duration(count, round(seconds * 1e9))
