"""The batcher: owns a queue (`service.batching.pending`) on one event loop, and hands batches to the engine.

Invariants, each with a test that carries its number:

1. Every submit ends exactly once: rows, an error, or the caller's own cancellation.
2. Each caller gets the rows that it sent, in its order, and no other's.
3. No batch holds more than `max_batch_rows` rows.
4. Rows that are admitted and not yet answered never exceed `max_rows_in_flight`; one more is refused at once.
5. Nothing waits while the engine is idle; what arrived while it was busy goes together.
6. A request larger than a batch is cut, and others pass between its pieces.
7. Rows whose caller left, or whose deadline passed, are never computed.
8. An engine error, or an answer of the wrong length, fails the caller whose rows met it and no other: a batch
   that failed is halved, and its halves are computed again, until it is known whose rows fail.
9. When the batcher ends, whatever it still holds fails with ShuttingDown.
10. Rows of a higher priority go before those of a lower one, which wait.
11. No more than `batches_in_flight` batches are with the engine at once; and one more where as many rows wait
    as fill it, for it could hardly grow, and so the engine finds it as soon as it is free.
12. Where it is known how long batches take, no batch is longer than it gains by; a request that fits a batch
    is refused at once where what is ahead of it takes longer than `max_wait_s`, and any request where it
    would end behind its deadline. One that finds nothing ahead of it is admitted.
"""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from service.batching.admission import Admission, BatchPolicy
from service.batching.entry import NORMAL, Awaited, Done, Entry, Piece, rows_of
from service.batching.observer import Nobody, Observer
from service.batching.pace import Pace
from service.batching.pending import PendingQueue
from service.errors import DeadlineExceeded, ModelFailure, ServingError, ShuttingDown
from service.rows import Rows

logger = logging.getLogger(__name__)

Compute = Callable[[Rows], Rows | Awaitable[Rows]]
"""Maps rows [n, ...] to outputs [n, ...]: at once, or by a hand-over to a thread."""


class Batcher:
    """A version's queue, the admission in front of it, and the hand-over of batches to the engine.

    It has no task of its own: a batch is taken in a callback of the loop, once for all that arrived in one
    round of it. A task would cost every lone request two more rounds. Belongs to one event loop; nothing
    here may be called from another thread.
    """

    def __init__(
        self,
        compute: Compute,
        policy: BatchPolicy,
        batches_in_flight: int = 1,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Assign.

        Args:
            compute: one forward pass.
            policy: the limits.
            batches_in_flight: how many forward passes may be under way.
            clock: in seconds; deadlines are by it.
            observer: hears of every batch.
            pace: knows how long batches take; without it, waits are not limited.
        """
        self._compute = compute
        self._pace = pace
        self._batches_in_flight = batches_in_flight
        self._clock = clock
        self._observer = observer or Nobody()
        rows = policy.max_batch_rows if pace is None else min(policy.max_batch_rows, pace.batch_rows)
        self._queue = PendingQueue(rows)
        self._admission = Admission(policy, pace, clock)
        self._halves: deque[list[Piece]] = deque()  # of batches that failed, to be computed before others
        self._computed_at = -math.inf
        self._computing: dict[asyncio.Future[Rows], tuple[list[Piece], int, float]] = {}
        self._rows_in_flight = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_death: Callable[[BaseException], None] = lambda error: None
        self._scheduled = False
        self._closing = False
        self._accepts = False  # between `start` and the first of `stop` and the end
        self._ended = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    @property
    def rows_in_flight(self) -> int:
        """Rows admitted and not yet answered."""
        return self._rows_in_flight

    @property
    def alive(self) -> bool:
        """Whether it answers: false before `start`, and after it ended for any cause."""
        return self._loop is not None and not self._ended.is_set()

    def start(self, on_death: Callable[[BaseException], None] = lambda error: None) -> None:
        """Start on the running loop; `on_death` hears of an error that ends the batcher, which is a bug."""
        self._loop = asyncio.get_running_loop()
        self._accepts = True
        self._on_death = on_death

    async def stop(self, grace_s: float) -> None:
        """Refuse what comes, finish what is held within the grace period, fail the rest."""
        self._closing, self._accepts = True, False
        if self.alive:
            if not self._scheduled:
                self._schedule()
            try:
                await asyncio.wait_for(self._ended.wait(), grace_s)
            except TimeoutError:
                self._end()

    def admit(self, rows: Rows, deadline: float, done: Done, priority: int = NORMAL) -> Entry:
        """Admit rows [n, ...] with n > 0, or refuse them at once.

        Args:
            rows: one caller's rows; not changed, and not to be changed until the answer is there.
            deadline: in seconds of the batcher's clock.
            done: called with the outputs [n, ...], or with an error.
            priority: the lower, the sooner; see `service.batching.pending.PendingQueue`.

        Returns:
            What `leave` takes.

        Raises:
            Overloaded: the limit of rows in flight would be passed, or the wait would be too long.
            DeadlineExceeded: what is ahead takes so long that the answer would come too late.
            ShuttingDown: the batcher is stopping or has ended.
        """
        return self._admit(Entry(rows, deadline, done, priority))

    def check_room(self, timeout_s: float) -> None:
        """Refuse what would be refused if it had one row only: before a body is decoded in vain.

        Raises:
            Overloaded, DeadlineExceeded: as `admit` does; `timeout_s` is left.
        """
        if self._rows_in_flight >= self._admission.unquestioned:
            self._check(1, self._clock() + timeout_s, NORMAL)

    def _admit(self, entry: Entry) -> Entry:
        if not self._accepts:
            raise ShuttingDown("this version of the model is stopping; ask again")
        count = len(entry.rows)
        in_flight = self._rows_in_flight + count
        if in_flight > self._admission.unquestioned:
            self._check(count, entry.deadline, entry.priority)
        entry.admitted_at = self._clock()
        self._rows_in_flight = in_flight
        self._queue.add(entry)
        if entry.deadline < self._rings_at:
            self._watch_deadline()
        if not self._scheduled:
            self._schedule()
        return entry

    def _check(self, count: int, deadline: float, priority: int) -> None:
        self._admission.check(
            count, deadline, self._rows_in_flight, lambda: self._rows_ahead(count, priority)
        )

    def _rows_ahead(self, count: int, priority: int) -> int:
        """Return how many rows are with the engine, or go there before the last of so many that came now."""
        again = sum(stop - start for pieces in self._halves for _, start, stop in pieces)
        computing = sum(rows for _, rows, _ in self._computing.values())
        return self._queue.rows_before(count, priority) + again + computing

    def leave(self, entry: Entry) -> None:
        """Drop what is not yet being computed: its caller does not wait for it any more."""
        if not entry.settled:
            self._release(entry)
            self._queue.drop(entry)

    def _release(self, entry: Entry) -> None:
        entry.settled = True
        self._rows_in_flight -= len(entry.rows)

    def submit(self, rows: Rows, deadline: float, priority: int = NORMAL) -> asyncio.Future[Rows]:
        """Admit as `admit` does, and return a future of the outputs; to cancel it is to leave."""
        return self.enter(rows, deadline, priority).future

    def enter(self, rows: Rows, deadline: float, priority: int = NORMAL) -> Awaited:
        """Do what `submit` does, and return the entry, which knows its times when its future is done."""
        entry = Awaited(rows, deadline, asyncio.get_running_loop().create_future(), priority)
        self._admit(entry)
        entry.future.add_done_callback(lambda _: self.leave(entry))
        return entry

    def _settle(self, entry: Entry, outputs: Rows | None, error: ServingError | None = None) -> None:
        """End an entry, unless it has ended."""
        if entry.ended:
            return
        self._release(entry)
        try:
            entry.done(outputs, error)
        except Exception:  # one caller's trouble with its answer is no other's
            logger.exception("an answer could not be handed over")

    def _schedule(self) -> None:
        """Take a batch when the loop has run what is ready now, so that what arrives with it goes along."""
        assert self._loop is not None
        self._scheduled = True
        self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Hand one batch to the engine, where it has room for one.

        One and no more: where the engine computes in the loop, answers must get out and arrivals in.
        """
        self._scheduled = False
        try:
            now = self._clock()
            self._drop_expired(now)
            if self._has_room:
                self._hand_over(self._next_batch(now), now)
            if self._waits:
                if self._has_room:
                    self._schedule()
            elif self._closing and not self._computing:
                self._end()
        except BaseException as error:
            self._end()
            self._on_death(error)
            if not isinstance(error, Exception):
                raise

    @property
    def _waits(self) -> bool:
        """Whether anything waits for the engine."""
        return bool(self._queue) or bool(self._halves)

    @property
    def _has_room(self) -> bool:
        """Whether a batch waits that may go to the engine."""
        ahead = len(self._computing) - self._batches_in_flight
        return self._waits and (ahead < 0 or (ahead == 0 and self._queue.fills_a_batch))

    def _next_batch(self, now: float) -> list[Piece]:
        if not self._halves:
            return self._queue.take()
        pieces = []
        for piece in self._halves.popleft():
            entry = piece[0]
            if entry.deadline <= now:
                self._settle(entry, None, _late())
            if not entry.ended:
                pieces.append(piece)
        return pieces

    def _hand_over(self, pieces: list[Piece], now: float) -> None:
        rows = 0
        for entry, start, stop in pieces:
            rows += stop - start
            if not start:
                entry.taken_at = now
        if not rows:
            return
        try:
            result = self._compute(_joined(pieces))
        except Exception as error:
            self._fail(pieces, rows, now, error)
            return
        if isinstance(result, np.ndarray):
            self._deal(pieces, rows, now, result)
            return
        future = asyncio.ensure_future(result)
        self._computing[future] = pieces, rows, now
        future.add_done_callback(self._computed)

    def _computed(self, future: asyncio.Future[Rows]) -> None:
        pieces, rows, began_at = self._computing.pop(future, ([], 0, 0.0))
        if future.cancelled():
            self._fail(pieces, rows, began_at, ShuttingDown("the server is stopping; ask again"))
        elif (error := future.exception()) is not None:
            self._fail(pieces, rows, began_at, error)
        elif rows:  # or the batcher ended meanwhile
            self._deal(pieces, rows, began_at, future.result())
            self._learn(rows, began_at)
        if not self._scheduled and not self._ended.is_set():
            # At once, not in the next round: the engine is idle.
            self._pump()

    def _learn(self, rows: int, began_at: float) -> None:
        """Tell the pace how long the engine had a batch, which began when the one before it ended."""
        pace, now = self._pace, self._clock()
        if pace is not None:
            pace.observe(rows, now - max(began_at, self._computed_at))
            self._computed_at = now
            self._admission.adapt()

    def _end(self) -> None:
        self._accepts = False
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()
        batches = [*(pieces for pieces, *_ in self._computing.values()), *self._halves]
        under_way = [entry for pieces in batches for entry, *_ in pieces]
        self._computing.clear()
        self._halves.clear()
        for entry in [*self._queue.clear(), *under_way]:
            self._settle(entry, None, ShuttingDown("the server is stopping; ask again"))

    def _deal(self, pieces: list[Piece], rows: int, began_at: float, outputs: Rows) -> None:
        """Give each caller its outputs; an answer of the wrong length, or of odd shapes, is nobody's."""
        ended_at = self._clock()
        if len(outputs) != rows:
            error = ModelFailure(f"the model answered {len(outputs)} rows for {rows}")
            self._fail(pieces, rows, began_at, error)
            return
        try:
            self._share_out(pieces, outputs, ended_at)
        except Exception as error:
            self._observer.batch_failed(rows, began_at, ended_at)
            self._give_up(pieces, error)
        else:
            self._observer.batch_computed(rows, began_at, ended_at)

    def _share_out(self, pieces: Sequence[Piece], outputs: Rows, now: float) -> None:
        at = 0
        for entry, start, stop in pieces:
            behind = at + stop - start
            piece = outputs[at:behind]
            if entry.settled:  # who left has no rows any more
                at = behind
                continue
            complete = piece if stop - start == len(entry.rows) else entry.collect(start, piece)
            if complete is not None:
                entry.computed_at = now
                self._settle(entry, complete)
            at = behind

    def _fail(self, pieces: list[Piece], rows: int, began_at: float, error: BaseException) -> None:
        """Find out whose rows failed: one caller may have sent what the model cannot take, and others not.

        With c callers of whom one sent such rows, that takes at most 2 log2(c) batches more.
        """
        if rows:  # or the batcher ended meanwhile
            self._observer.batch_failed(rows, began_at, self._clock())
        if len(pieces) < 2 or isinstance(error, ShuttingDown):
            self._give_up(pieces, error)
        else:
            middle = len(pieces) // 2
            self._halves += (pieces[:middle], pieces[middle:])

    def _give_up(self, pieces: Sequence[Piece], error: BaseException) -> None:
        if not isinstance(error, ServingError):
            failure = ModelFailure("the model failed on these rows")
            failure.__cause__ = error
            error = failure
        for entry, *_ in pieces:
            self._settle(entry, None, error)

    def _watch_deadline(self) -> None:
        """Have the timer ring at the earliest deadline, whatever the engine is doing then.

        Deadlines mostly grow with arrival, so that it is set anew once a deadline, not once a request.
        """
        earliest = self._queue.earliest_deadline
        if earliest >= self._rings_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = earliest
        delay_s = max(earliest - self._clock(), 0.001)
        assert self._loop is not None
        self._timer = self._loop.call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._rings_at = math.inf
        self._drop_expired(self._clock())
        self._watch_deadline()

    def _drop_expired(self, now: float) -> None:
        for entry in self._queue.expire(now):
            self._settle(entry, None, _late())


def _late() -> DeadlineExceeded:
    return DeadlineExceeded("the deadline passed before the answer was computed")


def _joined(pieces: list[Piece]) -> Rows:
    return rows_of(pieces[0]) if len(pieces) == 1 else np.concatenate([rows_of(piece) for piece in pieces])
