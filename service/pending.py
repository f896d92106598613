"""The queue of a batcher: rows that wait, in what order they go, and into which batch. Synchronous."""

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from service.errors import ServingError
from service.rows import Rows, kind

_FEW_EMPTY = 32

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

    @property
    def waiting_rows(self) -> int:
        """Rows that no batch has yet."""
        return len(self.rows) - self.taken

    def forget(self) -> None:
        """Let go of what a caller sent who left: the rows, and what was to be done with the answer."""
        self.rows, self.taken = _NOTHING, 0
        self._outputs = None
        self.done = _tell_nobody

    def collect(self, start: int, outputs: Rows) -> Rows | None:
        """Keep the outputs of a piece that begins at row `start`; return all when none is missing."""
        count = len(self.rows)
        if self._outputs is None:
            self._outputs = np.empty((count, *outputs.shape[1:]), outputs.dtype)
        self._outputs[start : start + len(outputs)] = outputs
        self._missing -= len(outputs)
        return None if self._missing else self._outputs


_NOTHING: Rows = np.empty(0, np.uint8)


def _tell_nobody(outputs: Rows | None, error: ServingError | None) -> None:
    """Do nothing."""


Piece = tuple[Entry, int, int]
"""The rows `start` to `stop` of one entry, as part of one batch. No named tuple: there is one a request."""


def rows_of(piece: Piece) -> Rows:
    """Return the rows of a piece, a view; of most they are all that the entry has."""
    entry, start, stop = piece
    rows = entry.rows
    return rows if stop - start == len(rows) else rows[start:stop]


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
        self._empty = 0  # entries of callers who left

    def __len__(self) -> int:
        return len(self._whole) + len(self._large)

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._whole_rows + self._large_rows

    def rows_before(self, count: int) -> int:
        """Return how many rows would go before the last of so many that came now: the lines take turns."""
        ours, others = self._whole_rows, self._large_rows
        if count > self._max_batch_rows:
            ours, others = others, ours
        turns = -(-(ours + count) // self._max_batch_rows)
        return ours + min(others, turns * self._max_batch_rows)

    @property
    def rows_next(self) -> int:
        """Rows that wait in the line whose turn it is."""
        return self._large_rows if self._is_larges_turn else self._whole_rows

    def add(self, entry: Entry) -> None:
        count = len(entry.rows)
        if count > self._max_batch_rows:
            self._large.append(entry)
            self._large_rows += count - entry.taken
        else:
            self._whole.append(entry)
            self._whole_rows += count - entry.taken

    def drop(self, entry: Entry) -> None:
        """Let go of what an entry that waits here holds. Its empty shell leaves when it can be cheap."""
        if len(entry.rows) > self._max_batch_rows:
            self._large_rows -= entry.waiting_rows
        else:
            self._whole_rows -= entry.waiting_rows
        entry.forget()
        self._empty += 1
        if self._empty > _FEW_EMPTY and 2 * self._empty > len(self):
            self._whole = deque(one for one in self._whole if one.rows is not _NOTHING)
            self._large = deque(one for one in self._large if one.rows is not _NOTHING)
            self._empty = 0

    def take(self, pieces: list[Piece], room: int) -> int:
        """Add pieces of the line whose turn it is to a batch, and return the room that it still has."""
        line = self._next_line()
        of_one_kind = kind(pieces[0][0].rows) if pieces else None
        gone = 0  # from the line
        while line and room:
            entry = line[0]
            rows, start = entry.rows, entry.taken
            count = len(rows) - start
            if entry.ended:
                line.popleft()
                self._empty -= rows is _NOTHING
                entry.taken = len(rows)
                gone += count
                continue
            if of_one_kind is None:
                of_one_kind = kind(rows)
            elif kind(rows) != of_one_kind:
                room = 0
                break
            line.popleft()
            if count > room:
                count = room
                line.append(entry)
            entry.taken = stop = start + count
            pieces.append((entry, start, stop))
            gone += count
            room -= count
        if line is self._large:
            self._large_rows -= gone
        else:
            self._whole_rows -= gone
        return room

    @property
    def _is_larges_turn(self) -> bool:
        return bool(self._large) and (self._large_is_next or not self._whole_rows)

    def _next_line(self) -> deque[Entry]:
        large = self._is_larges_turn
        self._large_is_next = not large
        return self._large if large else self._whole

    @property
    def entries(self) -> list[Entry]:
        return [entry for line in (self._whole, self._large) for entry in line if entry.rows is not _NOTHING]


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

    def rows_before(self, count: int, priority: int = NORMAL) -> int:
        """Return about how many rows would go to the engine before the last of so many that came now."""
        if len(self._lines) == 1:
            return self._usual.rows_before(count) if priority >= NORMAL else 0
        sooner = sum(lines.rows for number, lines in self._lines.items() if number < priority)
        own = self._lines.get(priority)
        return sooner + (own.rows_before(count) if own is not None else 0)

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
        if entry.deadline < self._earliest:
            self._earliest = entry.deadline

    def drop(self, entry: Entry) -> None:
        """Let go of what an entry whose caller left holds, where it still waits here."""
        if entry.waiting_rows:
            self._lines[entry.priority].drop(entry)

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
        waiting = self._emptied()
        expired = [entry for entry in waiting if entry.deadline <= now]
        for entry in waiting:
            if entry.deadline > now:
                self.add(entry)
        return _gone(expired)

    def clear(self) -> list[Entry]:
        """Remove and return everything."""
        return _gone(self._emptied())

    def _emptied(self) -> list[Entry]:
        entries = [entry for lines in self._lines.values() for entry in lines.entries]
        self._usual = _Lines(self._max_batch_rows)
        self._lines = {NORMAL: self._usual}
        self._earliest = math.inf
        return entries

    @property
    def earliest_deadline(self) -> float:
        """No later than the earliest deadline of what waits; infinity when nothing does."""
        return self._earliest if self else math.inf


def _gone(entries: list[Entry]) -> list[Entry]:
    """Mark entries as waiting no more."""
    for entry in entries:
        entry.taken = len(entry.rows)
    return entries
