"""Admission: whether rows may join a version's queue, or are refused at once, with what to do about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from service.batching.pace import Pace
from service.errors import DeadlineExceeded, Overloaded

_UNQUESTIONED_S = 0.01
"""So much work in flight is admitted without a look at waits and deadlines."""

_BRAKED_S = 1.0


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How many rows go into one forward pass, how many may be in flight in all, and how long one may wait."""

    max_batch_rows: int
    max_rows_in_flight: int
    max_wait_s: float = math.inf


class Admission:
    """Refuses rows that there is no room for, or no time.

    `unquestioned` is how many rows may be in flight without anybody being asked: work of milliseconds.
    """

    def __init__(self, policy: BatchPolicy, pace: Pace | None, clock: Callable[[], float]) -> None:
        """Assign; without a pace, waits are not limited."""
        self._policy = policy
        self._pace = pace
        self._clock = clock
        self._braked_until = -math.inf
        self.unquestioned = 0
        self.adapt()

    def adapt(self) -> None:
        """Follow the pace, which has learned something."""
        limit = self._policy.max_rows_in_flight
        self.unquestioned = (
            limit if self._pace is None else min(limit, self._pace.rows_within(_UNQUESTIONED_S))
        )

    def check(self, count: int, deadline: float, in_flight: int, rows_ahead: Callable[[], int]) -> None:
        """Refuse rows, or do nothing.

        Args:
            count: of the rows.
            deadline: of their answer.
            in_flight: rows that are admitted and not yet answered.
            rows_ahead: returns how many of these go to the engine before the last of the rows, or are there.

        Raises:
            Overloaded: the limit of rows in flight would be passed, or the wait would be too long.
            DeadlineExceeded: what is ahead takes so long that the answer would come too late.
        """
        limit = self._policy.max_rows_in_flight
        if in_flight + count > limit:
            raise Overloaded(
                f"{count} rows do not fit: {in_flight} of at most {limit} are in flight; try again"
            )
        pace = self._pace
        ahead = 0 if pace is None else rows_ahead()
        if pace is None or not ahead:
            return
        now, wait_s = self._clock(), pace.seconds(ahead)
        if now + wait_s + pace.seconds(count) > deadline:
            raise DeadlineExceeded(
                f"{ahead} rows are ahead: the deadline would pass before the answer was computed"
            )
        # What is larger than a batch has a long way anyway, and the deadline bounds it.
        if count <= pace.batch_rows and wait_s > self._longest_wait_s(pace, now):
            self._braked_until = now + _BRAKED_S
            raise Overloaded(
                f"{ahead} rows are ahead, {wait_s * 1000:.0f} ms of work: too long a wait; try again",
                retry_after_s=max(1, math.ceil(wait_s)),
            )

    def _longest_wait_s(self, pace: Pace, now: float) -> float:
        """Return how long a wait is admitted now.

        A long queue gets over a crowd that comes and goes. Where more comes than can be computed, it would
        stay full, and all would wait long for nothing: once somebody was refused, and until nobody was for
        a second, the queue is no longer than keeps the engine busy.
        """
        longest_s = self._policy.max_wait_s
        return min(longest_s, pace.busy_s) if now < self._braked_until else longest_s
