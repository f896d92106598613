"""What is known of one version's work: plain numbers that add up, over workers and over their successors.

Requests are predictions, in whatever protocol; evaluations are seen in the batches, which hold their
rows, and by themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import add

from service.statistics.durations import BOUNDS_S, NO_TIME, NO_TIMES, Duration, Histogram, together, total
from service.statistics.requests import RequestStatistics

BOUNDS_ROWS = tuple(2.0**power for power in range(17))
"""Upper bounds of the buckets for the rows of a batch: 1, 2, 4, ... 65536, the most that a batch may have."""


@dataclass(frozen=True, slots=True)
class VersionStatistics:
    """What one version has done since the server started.

    Attributes:
        model: its name in URLs.
        version: its number.
        last_inference_ms: when a batch was last computed, in milliseconds since 1970; 0 for never.
        requests: its predictions, by the name of the protocol.
        rows_in_flight: admitted and not yet answered, now, where workers are alive.
        batches: batches that were computed, by their rows, from the hand-over to the outputs.
        failed_batches: batches that gave no outputs, or not as many as they had rows.
        failed_rows: of those.
        compute_counts: the buckets of the times of `batches`, by `BOUNDS_S`.
        evaluations: by how they ended: `DONE`, or a reason as of a request.
        evaluated_rows: of those, as far as they came.
    """

    model: str
    version: int
    last_inference_ms: int = 0
    requests: Mapping[str, RequestStatistics] = field(default_factory=dict)
    rows_in_flight: int = 0
    batches: Mapping[int, Duration] = field(default_factory=dict)
    failed_batches: Duration = NO_TIME
    failed_rows: int = 0
    compute_counts: tuple[int, ...] = NO_TIMES
    evaluations: Mapping[str, Duration] = field(default_factory=dict)
    evaluated_rows: int = 0

    @property
    def in_all(self) -> RequestStatistics:
        """The requests of all protocols."""
        return sum(self.requests.values(), RequestStatistics())

    @property
    def success(self) -> Duration:
        """Requests that were answered."""
        return self.in_all.success.duration

    @property
    def failures(self) -> dict[str, Duration]:
        """Requests that were not, by their reasons."""
        return {reason: times.duration for reason, times in self.in_all.failures.items()}

    @property
    def failure(self) -> Duration:
        """Requests that failed, for whatever reason."""
        return total(self.failures.values())

    @property
    def computed(self) -> Duration:
        """Batches that were computed, of any size; their number is that of the executions."""
        return total(self.batches.values())

    @property
    def rows_computed(self) -> int:
        """Rows of the computed batches: of answered requests, evaluations, and callers that left."""
        return sum(size * batches.count for size, batches in self.batches.items())

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
        nothing = RequestStatistics()
        return VersionStatistics(
            self.model,
            self.version,
            max(self.last_inference_ms, other.last_inference_ms),
            {
                protocol: self.requests.get(protocol, nothing) + other.requests.get(protocol, nothing)
                for protocol in {**self.requests, **other.requests}
            },
            self.rows_in_flight + other.rows_in_flight,
            together(self.batches, other.batches),
            self.failed_batches + other.failed_batches,
            self.failed_rows + other.failed_rows,
            tuple(map(add, self.compute_counts, other.compute_counts)),
            together(self.evaluations, other.evaluations),
            self.evaluated_rows + other.evaluated_rows,
        )


def merged(parts: Iterable[VersionStatistics]) -> list[VersionStatistics]:
    """Add up what is of one version, and return one for each, in the order of names and numbers."""
    found: dict[tuple[str, int], VersionStatistics] = {}
    for part in parts:
        key = part.model, part.version
        found[key] = found[key] + part if key in found else part
    return [found[key] for key in sorted(found)]
