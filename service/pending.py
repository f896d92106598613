"""The queue of a batcher: rows that wait, in what order they go, and into which batch. Synchronous."""

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from service.errors import ServingError
from service.rows import Rows, alike

NORMAL = 2
"""The priority of rows for which none is stated: 1 goes before them, 3 and more behind them."""

Done = Callable[[Rows | None, ServingError | None], None]
"""Hears how an entry ended: outputs, or an error. Called in the loop, once, and not where the caller left."""


class Entry:
    """One caller's rows on their way: `rows` [n, ...], the `deadline` in seconds of the monotonic clock.

    The batcher notes when it was admitted (`admitted_at`), when the first of its rows went to the engine
    (`taken_at`), and when the outputs of the last were there (`computed_at`).
    """

    __slots__ = (
        "_missing",
        "_outputs",
        "admitted_at",
        "computed_at",
        "deadline",
        "done",
        "priority",
        "rows",
        "settled",
        "taken",
        "taken_at",
    )

    admitted_at: float
    taken_at: float
    computed_at: float

    def __init__(self, rows: Rows, deadline: float, done: Done, priority: int = NORMAL) -> None:
        self.rows = rows
        self.deadline = deadline
        self.done = done
        self.priority = priority
        self.settled = False  # its rows are no longer in flight
        self.taken = 0
        self._missing = len(rows)
        self._outputs: Rows | None = None

    @property
    def ended(self) -> bool:
        """Whether the caller has its answer, or left."""
        return self.settled

    def cut(self, room: int) -> "Piece":
        """Take the next rows that are not yet taken, at most `room`."""
        start, self.taken = self.taken, min(self.taken + room, len(self.rows))
        return Piece(self, start, self.taken)

    def collect(self, start: int, outputs: Rows) -> Rows | None:
        """Keep the outputs of the piece that begins at row `start`; return all when none is missing."""
        count = len(self.rows)
        if len(outputs) == count:
            return outputs
        if self._outputs is None:
            self._outputs = np.empty((count, *outputs.shape[1:]), outputs.dtype)
        self._outputs[start : start + len(outputs)] = outputs
        self._missing -= len(outputs)
        return None if self._missing else self._outputs


class Piece(NamedTuple):
    """The rows `start` to `stop` of one entry, as part of one batch."""

    entry: Entry
    start: int
    stop: int

    @property
    def rows(self) -> Rows:
        """The rows of this piece, a view."""
        rows = self.entry.rows
        return rows if self.stop - self.start == len(rows) else rows[self.start : self.stop]


class _Lines:
    """What waits in one priority: two lines, each in the order of arrival.

    One is of entries that fit a batch whole, the other of larger ones, which are cut. Where both have
    somebody, they take turns, so that a single row waits for a piece or two of bulk work and not for all
    of it, and bulk work gets every second batch.
    """

    def __init__(self, max_batch_rows: int) -> None:
        self._max_batch_rows = max_batch_rows
        self._whole: deque[Entry] = deque()
        self._large: deque[Entry] = deque()
        self._large_is_next = False
        self._whole_rows = self._large_rows = 0

    def __len__(self) -> int:
        return len(self._whole) + len(self._large)

    @property
    def rows_next(self) -> int:
        """Rows that wait in the line whose turn it is."""
        return self._large_rows if self._is_larges_turn else self._whole_rows

    def add(self, entry: Entry) -> None:
        count = len(entry.rows)
        (self._large if count > self._max_batch_rows else self._whole).append(entry)
        self._count(entry, count - entry.taken)

    def _count(self, entry: Entry, rows: int) -> None:
        if len(entry.rows) > self._max_batch_rows:
            self._large_rows += rows
        else:
            self._whole_rows += rows

    def take(self, pieces: list[Piece], room: int) -> int:
        """Add pieces of the line whose turn it is to a batch, and return the room that it still has."""
        line = self._next_line()
        while line and room:
            entry = line[0]
            if pieces and not alike(entry.rows, pieces[0].entry.rows):
                return 0
            line.popleft()
            if entry.ended:
                self._count(entry, entry.taken - len(entry.rows))
                continue
            piece = entry.cut(room)
            count = piece.stop - piece.start
            room -= count
            self._count(entry, -count)
            pieces.append(piece)
            if piece.stop < len(entry.rows):
                line.append(entry)
        return room

    @property
    def _is_larges_turn(self) -> bool:
        return bool(self._large) and (self._large_is_next or not self._whole)

    def _next_line(self) -> deque[Entry]:
        large = self._is_larges_turn
        self._large_is_next = not large
        return self._large if large else self._whole

    @property
    def entries(self) -> list[Entry]:
        return [*self._whole, *self._large]


class PendingQueue:
    """Entries that wait for a place in a batch. Synchronous; time comes in as an argument.

    A batch is taken from the lines of the lowest priority number that has somebody, and filled up from
    the next ones. Nothing of a higher number goes before it: who waits long ends by the deadline.
    """

    def __init__(self, max_batch_rows: int) -> None:
        self._max_batch_rows = max_batch_rows
        self._lines = {NORMAL: _Lines(max_batch_rows)}
        self._usual = self._lines[NORMAL]
        # No later than the earliest deadline of all that wait: spares `expire` a walk at every batch.
        self._earliest = math.inf

    def __len__(self) -> int:
        if len(self._lines) == 1:
            return len(self._usual)
        return sum(map(len, self._lines.values()))

    @property
    def fills_a_batch(self) -> bool:
        """Whether as many rows wait in the line whose turn it is as a batch may have."""
        return next(iter(self._in_order())).rows_next >= self._max_batch_rows

    def add(self, entry: Entry) -> None:
        """Put an entry at the end of its line."""
        lines = self._lines.get(entry.priority)
        if lines is None:
            lines = self._lines[entry.priority] = _Lines(self._max_batch_rows)
        lines.add(entry)
        self._earliest = min(self._earliest, entry.deadline)

    def take(self) -> list[Piece]:
        """Remove and return what the next batch computes: no more rows than it may have, all of one shape.

        Entries that ended are dropped. One that does not fit is cut; its rest goes to the end of its line.
        """
        pieces: list[Piece] = []
        room = self._max_batch_rows
        for lines in self._in_order():
            room = lines.take(pieces, room)
            if not room:
                break
        return pieces

    def _in_order(self) -> list[_Lines]:
        """Return the lines that have somebody, the first to go first; forget those that have nobody."""
        if len(self._lines) == 1:
            return [self._usual]
        for priority in [one for one, lines in self._lines.items() if not lines and one != NORMAL]:
            del self._lines[priority]
        return [self._lines[priority] for priority in sorted(self._lines) if self._lines[priority]] or [
            self._usual
        ]

    def expire(self, now: float) -> list[Entry]:
        """Remove and return the entries whose deadline passed."""
        if now < self._earliest:
            return []
        waiting = self.clear()
        expired = [entry for entry in waiting if entry.deadline <= now]
        for entry in waiting:
            if entry.deadline > now:
                self.add(entry)
        return expired

    def clear(self) -> list[Entry]:
        """Remove and return everything."""
        entries = [entry for lines in self._lines.values() for entry in lines.entries]
        self._usual = _Lines(self._max_batch_rows)
        self._lines = {NORMAL: self._usual}
        self._earliest = math.inf
        return entries

    @property
    def earliest_deadline(self) -> float:
        """No later than the earliest deadline of what waits; infinity when nothing does."""
        return self._earliest if self else math.inf
