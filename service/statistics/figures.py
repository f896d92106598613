"""What is known of one version's work: plain numbers that add up, over workers and over their successors.

Requests are predictions, in whatever protocol; evaluations are seen in the batches alone, which hold
their rows. The words of durations are those of Triton's statistics, and so is what they mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add
from typing import NamedTuple, TypeVar

K = TypeVar("K")

CANCELLED = "cancelled"
"""The reason of a request whose client left before the answer."""

INTERNAL = "internal"
"""The reason of a request that an error of the server itself ended; all others are the codes of errors."""

BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds of the buckets for times, in seconds; one more bucket takes what is above them all."""

BOUNDS_ROWS = tuple(2.0**power for power in range(17))
"""Upper bounds of the buckets for the rows of a batch: 1, 2, 4, ... 65536, the most that a batch may have."""

NO_TIMES = (0,) * (len(BOUNDS_S) + 1)


@dataclass(frozen=True, slots=True)
class Duration:
    """So many of something, which took so many nanoseconds together."""

    count: int = 0
    ns: int = 0

    @property
    def mean_s(self) -> float | None:
        """Seconds that one took on average; None where there was none."""
        return self.ns / self.count / 1e9 if self.count else None


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
class VersionStatistics:
    """What one version has done since the server started.

    Attributes:
        model: its name in URLs.
        version: its number.
        last_inference_ms: when a batch was last computed, in milliseconds since 1970; 0 for never.
        success: requests that were answered, from the end of the body to the end of the encoding.
        failures: those that were not, by the error's code, or `CANCELLED` or `INTERNAL`; likewise.
        queue: of the answered requests, from admission until the first row was taken into a batch.
        compute_input: of the answered requests, from the end of the body to admission: decoding.
        compute_infer: of the answered requests, the batch that they were part of, the whole of it for each;
            of one that was cut, from its first batch to the end of its last.
        compute_output: of the answered requests, from the outputs to the end of the encoding, behind that of
            others of the batch. The four together are `success`.
        rows: of the answered requests.
        rows_in_flight: admitted and not yet answered, now, where workers are alive.
        batches: batches that were computed, by their rows, from the hand-over to the outputs.
        failed_batches: batches that gave no outputs, or not as many as they had rows.
        failed_rows: of those.
        latency_counts: the buckets of `success`, by `BOUNDS_S`.
        queue_counts: the buckets of `queue`, by `BOUNDS_S`.
        compute_counts: the buckets of the times of `batches`, by `BOUNDS_S`.
    """

    model: str
    version: int
    last_inference_ms: int = 0
    success: Duration = Duration()
    failures: Mapping[str, Duration] = field(default_factory=dict)
    queue: Duration = Duration()
    compute_input: Duration = Duration()
    compute_infer: Duration = Duration()
    compute_output: Duration = Duration()
    rows: int = 0
    rows_in_flight: int = 0
    batches: Mapping[int, Duration] = field(default_factory=dict)
    failed_batches: Duration = Duration()
    failed_rows: int = 0
    latency_counts: tuple[int, ...] = NO_TIMES
    queue_counts: tuple[int, ...] = NO_TIMES
    compute_counts: tuple[int, ...] = NO_TIMES

    @property
    def failure(self) -> Duration:
        """Requests that failed, for whatever reason."""
        return _sum(self.failures.values())

    @property
    def computed(self) -> Duration:
        """Batches that were computed, of any size; their number is that of the executions."""
        return _sum(self.batches.values())

    @property
    def rows_computed(self) -> int:
        """Rows of the computed batches: of answered requests, evaluations, and callers that left."""
        return sum(size * batches.count for size, batches in self.batches.items())

    @property
    def latency_s(self) -> Histogram:
        """Seconds that answered requests took."""
        return Histogram(BOUNDS_S, self.latency_counts, self.success.ns / 1e9)

    @property
    def queue_s(self) -> Histogram:
        """Seconds that answered requests waited."""
        return Histogram(BOUNDS_S, self.queue_counts, self.queue.ns / 1e9)

    @property
    def compute_s(self) -> Histogram:
        """Seconds that batches took."""
        return Histogram(BOUNDS_S, self.compute_counts, self.computed.ns / 1e9)

    @property
    def batch_rows(self) -> Histogram:
        """Rows of the computed batches."""
        counts = [0] * (len(BOUNDS_ROWS) + 1)
        for size, batches in self.batches.items():
            # 1 is in the first bucket, 2 in the second, 3 and 4 in the third.
            counts[min((size - 1).bit_length(), len(BOUNDS_ROWS))] += batches.count
        return Histogram(BOUNDS_ROWS, tuple(counts), float(self.rows_computed))

    def __add__(self, other: "VersionStatistics") -> "VersionStatistics":
        """What two workers, or one and its predecessor, did of one version."""
        return VersionStatistics(
            self.model,
            self.version,
            max(self.last_inference_ms, other.last_inference_ms),
            _plus(self.success, other.success),
            _merged(self.failures, other.failures),
            _plus(self.queue, other.queue),
            _plus(self.compute_input, other.compute_input),
            _plus(self.compute_infer, other.compute_infer),
            _plus(self.compute_output, other.compute_output),
            self.rows + other.rows,
            self.rows_in_flight + other.rows_in_flight,
            _merged(self.batches, other.batches),
            _plus(self.failed_batches, other.failed_batches),
            self.failed_rows + other.failed_rows,
            tuple(map(add, self.latency_counts, other.latency_counts)),
            tuple(map(add, self.queue_counts, other.queue_counts)),
            tuple(map(add, self.compute_counts, other.compute_counts)),
        )


def merged(parts: Iterable[VersionStatistics]) -> list[VersionStatistics]:
    """Add up what is of one version, and return one for each, in the order of names and numbers."""
    found: dict[tuple[str, int], VersionStatistics] = {}
    for part in parts:
        key = part.model, part.version
        found[key] = found[key] + part if key in found else part
    return [found[key] for key in sorted(found)]


def _plus(one: Duration, other: Duration) -> Duration:
    return Duration(one.count + other.count, one.ns + other.ns)


def _sum(durations: Iterable[Duration]) -> Duration:
    found = list(durations)
    return Duration(sum(one.count for one in found), sum(one.ns for one in found))


def _merged(one: Mapping[K, Duration], other: Mapping[K, Duration]) -> dict[K, Duration]:
    keys = [*one, *(key for key in other if key not in one)]
    return {key: _plus(one.get(key, Duration()), other.get(key, Duration())) for key in keys}
