"""The queue of a batcher: rows that wait, in what order they go, and into which batch. Synchronous."""

import math
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.errors import ServingError

Rows = NDArray[Any]
Done = Callable[[Rows | None, ServingError | None], None]
"""Hears how an entry ended: outputs, or an error. Called in the loop, once, and not where the caller left."""


class Entry:
    """One caller's rows on their way: `rows` [n, ...], the `deadline` in seconds of the monotonic clock."""

    __slots__ = ("_missing", "_outputs", "deadline", "done", "rows", "settled", "taken")

    def __init__(self, rows: Rows, deadline: float, done: Done) -> None:
        self.rows = rows
        self.deadline = deadline
        self.done = done
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


class PendingQueue:
    """Entries that wait for a place in a batch. Synchronous; time comes in as an argument.

    There are two lines, each in the order of arrival: of entries that fit a batch whole, and of larger ones,
    which are cut. Where both have somebody, they take turns, so that a single row waits for a piece or two of
    bulk work and not for all of it, and bulk work gets every second batch.
    """

    def __init__(self, max_batch_rows: int) -> None:
        self._max_batch_rows = max_batch_rows
        self._whole: deque[Entry] = deque()
        self._large: deque[Entry] = deque()
        self._large_is_next = False
        self._whole_rows = self._large_rows = 0
        # No later than the earliest deadline of all that wait: spares `expire` a walk at every batch.
        self._earliest = math.inf

    def __len__(self) -> int:
        return len(self._whole) + len(self._large)

    @property
    def fills_a_batch(self) -> bool:
        """Whether as many rows wait in the line whose turn it is as a batch may have."""
        rows = self._large_rows if self._is_larges_turn else self._whole_rows
        return rows >= self._max_batch_rows

    def add(self, entry: Entry) -> None:
        """Put an entry at the end of its line."""
        count = len(entry.rows)
        (self._large if count > self._max_batch_rows else self._whole).append(entry)
        self._count(entry, count - entry.taken)
        self._earliest = min(self._earliest, entry.deadline)

    def _count(self, entry: Entry, rows: int) -> None:
        if len(entry.rows) > self._max_batch_rows:
            self._large_rows += rows
        else:
            self._whole_rows += rows

    def take(self) -> list[Piece]:
        """Remove and return what the next batch computes: no more rows than it may have, all of one shape.

        Entries that ended are dropped. One that does not fit is cut; its rest goes to the end of its line.
        """
        pieces: list[Piece] = []
        room = self._max_batch_rows
        line = self._next_line()
        while line and room:
            entry = line[0]
            if pieces and entry.rows.shape[1:] != pieces[0].entry.rows.shape[1:]:
                break
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
        return pieces

    @property
    def _is_larges_turn(self) -> bool:
        return bool(self._large) and (self._large_is_next or not self._whole)

    def _next_line(self) -> deque[Entry]:
        large = self._is_larges_turn
        self._large_is_next = not large
        return self._large if large else self._whole

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
        entries = [*self._whole, *self._large]
        self._whole.clear()
        self._large.clear()
        self._whole_rows = self._large_rows = 0
        self._earliest = math.inf
        return entries

    @property
    def earliest_deadline(self) -> float:
        """No later than the earliest deadline of what waits; infinity when nothing does."""
        return self._earliest if self else math.inf
