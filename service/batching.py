"""Micro-batching of rows: a pure queue, and one task that owns it.

Invariants, each with a test that carries its number:

1. Every submit ends exactly once: rows, an error, or the caller's own cancellation.
2. Each caller gets the rows that it sent, in its order, and no other's.
3. No batch holds more than `max_batch_rows` rows.
4. Rows that are admitted and not yet answered never exceed `max_rows_in_flight`; one more is refused at once.
5. Nothing waits while the engine is idle; what arrived while it was busy goes together.
6. A request larger than a batch is cut, and what is left of it goes behind those that wait, so that
   others pass between its pieces.
7. Rows whose caller left, or whose deadline passed, are never computed.
8. An engine error, or an answer of the wrong length, fails the batch that met it and no other.
9. When the task ends, whatever it still holds fails with ShuttingDown.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import DeadlineExceeded, ModelFailure, Overloaded, ServingError, ShuttingDown

Rows = NDArray[Any]
Compute = Callable[[Rows], Rows | Awaitable[Rows]]
"""Maps rows [n, ...] to outputs [n, ...]: at once, or by a hand-over to a thread."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How many rows go into one forward pass, and how many may be in flight in all."""

    max_batch_rows: int
    max_rows_in_flight: int


@dataclass(slots=True, eq=False)
class Entry:
    """One caller's rows on their way: `rows` [n, ...], the `deadline` in seconds of the monotonic clock."""

    rows: Rows
    deadline: float
    future: asyncio.Future[Rows]
    taken: int = 0
    parts: list[Rows] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether the caller has its answer, or left."""
        return self.future.done()

    def cut(self, room: int) -> "Piece":
        """Take the next rows that are not yet taken, at most `room`."""
        start, self.taken = self.taken, min(self.taken + room, len(self.rows))
        return Piece(self, start, self.taken)

    def receive(self, outputs: Rows) -> None:
        """Take the outputs of the next piece; the last one ends the entry."""
        self.parts.append(outputs)
        if sum(map(len, self.parts)) == len(self.rows) and not self.ended:
            self.future.set_result(self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts))


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows `start` to `stop` of one entry, as part of one batch."""

    entry: Entry
    start: int
    stop: int

    @property
    def rows(self) -> Rows:
        """The rows of this piece, a view."""
        return self.entry.rows[self.start : self.stop]


class PendingQueue:
    """Entries in the order of arrival. Synchronous; time comes in as an argument."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        # No later than the earliest deadline of all that wait: spares `expire` a walk at every batch.
        self._earliest = math.inf

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Put an entry at the end."""
        self._entries.append(entry)
        self._earliest = min(self._earliest, entry.deadline)

    def take(self, max_rows: int) -> list[Piece]:
        """Remove and return what the next batch computes: at most `max_rows` rows, all of one shape.

        Entries that ended are dropped. One that does not fit is cut, and its rest goes to the end.
        """
        pieces: list[Piece] = []
        room = max_rows
        while self._entries and room:
            entry = self._entries[0]
            if pieces and entry.rows.shape[1:] != pieces[0].entry.rows.shape[1:]:
                break
            self._entries.popleft()
            if entry.ended:
                continue
            piece = entry.cut(room)
            room -= piece.stop - piece.start
            pieces.append(piece)
            if piece.stop < len(entry.rows):
                self._entries.append(entry)
        return pieces

    def expire(self, now: float) -> list[Entry]:
        """Remove and return the entries whose deadline passed."""
        if now < self._earliest:
            return []
        expired = [entry for entry in self._entries if entry.deadline <= now]
        self._entries = deque(entry for entry in self._entries if entry.deadline > now)
        self._earliest = min((entry.deadline for entry in self._entries), default=math.inf)
        return expired

    def clear(self) -> list[Entry]:
        """Remove and return everything."""
        entries, self._entries = list(self._entries), deque()
        return entries

    @property
    def earliest_deadline(self) -> float:
        """No later than the earliest deadline of what waits; infinity when nothing does."""
        return self._earliest if self._entries else math.inf


class Batcher:
    """The one task that owns a version's queue, and the admission in front of it.

    Belongs to one event loop; nothing here may be called from another thread.
    """

    def __init__(
        self, compute: Compute, policy: BatchPolicy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._compute = compute
        self._policy = policy
        self._clock = clock
        self._queue = PendingQueue()
        self._computing: list[Piece] = []
        self._arrived = asyncio.Event()
        self._rows_in_flight = 0
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    @property
    def rows_in_flight(self) -> int:
        """Rows admitted and not yet answered."""
        return self._rows_in_flight

    @property
    def alive(self) -> bool:
        """Whether the task runs: false before `start`, and when it ended for any cause."""
        return self._task is not None and not self._task.done()

    def start(self, on_death: Callable[[BaseException], None] = lambda error: None) -> None:
        """Start the task on the running loop; `on_death` hears of an error that ends it, which is a bug."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_death(error)

        self._task = asyncio.get_running_loop().create_task(self._run(), name="batcher")
        self._task.add_done_callback(ended)

    async def stop(self, grace_s: float) -> None:
        """Refuse what comes, finish what is held within the grace period, fail the rest."""
        self._closing = True
        self._arrived.set()
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=grace_s)
        self._task.cancel()
        await asyncio.wait({self._task})

    def submit(self, rows: Rows, deadline: float) -> asyncio.Future[Rows]:
        """Admit rows [n, ...] with n > 0, or refuse them at once.

        Args:
            rows: one caller's rows; not changed, and not to be changed until the answer is there.
            deadline: in seconds of the batcher's clock.

        Returns:
            A future of the outputs [n, ...]. Cancelling it drops what is not yet being computed.

        Raises:
            Overloaded: the limit of rows in flight would be passed.
            ShuttingDown: the batcher is stopping or its task has ended.
        """
        if self._closing or not self.alive:
            raise ShuttingDown("this version of the model is stopping; ask again")
        count = len(rows)
        limit = self._policy.max_rows_in_flight
        if self._rows_in_flight + count > limit:
            raise Overloaded(
                f"{count} rows do not fit: {self._rows_in_flight} of at most {limit} are in flight; try again"
            )
        future: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._rows_in_flight += count
        future.add_done_callback(lambda _: self._release(count))
        self._queue.add(Entry(rows, deadline, future))
        self._watch_deadline()
        self._arrived.set()
        return future

    def _release(self, count: int) -> None:
        self._rows_in_flight -= count

    async def _run(self) -> None:
        try:
            while True:
                if not self._queue:
                    if self._closing:
                        return
                    self._arrived.clear()
                    await self._arrived.wait()
                await self._step()
                # A compute that runs in the loop never yields: let the answers out and arrivals in.
                await asyncio.sleep(0)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            held = [*self._queue.clear(), *(piece.entry for piece in self._computing)]
            for entry in held:
                _fail(entry, ShuttingDown("the server is stopping; ask again"))

    async def _step(self) -> None:
        self._drop_expired()
        pieces = self._computing = self._queue.take(self._policy.max_batch_rows)
        if not pieces:
            return
        try:
            outputs = await self._outputs(_joined(pieces))
        except ServingError as error:
            for piece in pieces:
                _fail(piece.entry, error)
        else:
            _deal(pieces, outputs)
        self._computing = []

    async def _outputs(self, rows: Rows) -> Rows:
        try:
            result = self._compute(rows)
            outputs = await result if isawaitable(result) else result
        except ServingError:
            raise
        except Exception as error:
            raise ModelFailure("the model failed on this batch") from error
        if len(outputs) != len(rows):
            raise ModelFailure(f"the model answered {len(outputs)} rows for {len(rows)}")
        return outputs

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
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._rings_at = math.inf
        self._drop_expired()
        self._watch_deadline()

    def _drop_expired(self) -> None:
        for entry in self._queue.expire(self._clock()):
            _fail(entry, DeadlineExceeded("the deadline passed before the answer was computed"))


def _joined(pieces: list[Piece]) -> Rows:
    if len(pieces) == 1:
        return pieces[0].rows
    return np.concatenate([piece.rows for piece in pieces])


def _deal(pieces: list[Piece], outputs: Rows) -> None:
    start = 0
    for piece in pieces:
        stop = start + piece.stop - piece.start
        piece.entry.receive(outputs[start:stop])
        start = stop


def _fail(entry: Entry, error: ServingError) -> None:
    if not entry.ended:
        entry.future.set_exception(error)
