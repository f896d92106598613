"""The counting itself: one version in one worker.

It is on the way of every prediction, so it may cost next to nothing: times are noted as they come, in seconds
of the monotonic clock, and added up many at once, which costs less than to add up each where it comes.
"""

import time
from collections import defaultdict

from service.batching.entry import Entry
from service.statistics.durations import NO_TIME, Duration
from service.statistics.figures import VersionStatistics
from service.statistics.sums import BATCH, REQUEST, BatchSums, RequestSums, duration, from_floats

_MOST_REQUESTS, _MOST_BATCHES = 512 * REQUEST, 512 * BATCH
"""Numbers after which they are added up, which takes a fraction of a millisecond."""


class Counts:
    """What one worker has counted of one version; also its batcher's `service.batching.observer.Observer`.

    Belongs to one event loop. A request is counted once, by `answered` or by `failed`.
    """

    __slots__ = (
        "_answered",
        "_computed",
        "_evaluated_rows",
        "_evaluations",
        "_failed_batches",
        "_failed_rows",
        "_failed_s",
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
        self._answered: defaultdict[str, list[float]] = defaultdict(list)
        self._computed: list[float] = []
        self._requests: defaultdict[str, RequestSums] = defaultdict(RequestSums)
        self._sizes = BatchSums()
        self._failed_batches = self._failed_rows = 0
        self._failed_s = 0.0
        self._evaluations: dict[str, Duration] = {}
        self._evaluated_rows = 0
        self._last = (0.0, 0)  # the end of the last batch, on two clocks
        self._known: VersionStatistics | None = None
        self._known_as = (-1, 0)

    def answered(self, protocol: str, entry: Entry, read_at: float, encoded_at: float) -> None:
        """Count a request that has its answer.

        Args:
            protocol: its dialect's name.
            entry: its rows, which are computed.
            read_at: when its body was complete.
            encoded_at: when its answer was.
        """
        noted = self._answered[protocol]
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

    def failed(self, protocol: str, reason: str, seconds: float) -> None:
        """Count a request that gets no answer: an error's code, `CANCELLED` or `INTERNAL`."""
        self._requests[protocol].fail(reason, seconds)

    def evaluated(self, outcome: str, rows: int, seconds: float) -> None:
        """Count an evaluation that ended: `DONE`, or a reason as of a request."""
        before = self._evaluations.get(outcome, NO_TIME)
        self._evaluations[outcome] = before + duration(1, seconds)
        self._evaluated_rows += rows

    def figures(self, rows_in_flight: int = 0) -> VersionStatistics:
        """Return what was counted so far: the same object again where nothing was since."""
        self._add_up()
        requests = sum(sums.events for sums in self._requests.values())
        evaluations = sum(one.count for one in self._evaluations.values())
        events = requests + evaluations + self._sizes.count + self._failed_batches
        if self._known is None or self._known_as != (events, rows_in_flight):
            self._known, self._known_as = self._figures(rows_in_flight), (events, rows_in_flight)
        return self._known

    def _add_up(self) -> None:
        for protocol, noted in self._answered.items():
            if noted:
                self._requests[protocol].add(from_floats(noted, REQUEST))
                noted.clear()
        if self._computed:
            ended_at = self._computed[-1]
            # The clock of people is asked once for each time, or that would change as clocks are set.
            ago_s = time.monotonic() - ended_at
            self._last = ended_at, round((time.time() - ago_s) * 1000)
            self._sizes.add(from_floats(self._computed, BATCH))
            self._computed.clear()

    def _figures(self, rows_in_flight: int) -> VersionStatistics:
        sizes = self._sizes
        return VersionStatistics(
            model=self.model,
            version=self.version,
            last_inference_ms=self._last[1],
            requests={protocol: sums.figures for protocol, sums in self._requests.items()},
            rows_in_flight=rows_in_flight,
            batches={size: duration(*one) for size, one in sizes.by_rows.items()},
            failed_batches=duration(self._failed_batches, self._failed_s),
            failed_rows=self._failed_rows,
            compute_counts=tuple(sizes.compute_counts.tolist()),
            evaluations=dict(self._evaluations),
            evaluated_rows=self._evaluated_rows,
        )
