"""The queue of a batcher: rows that wait, by their priorities. Synchronous; time comes in as an argument."""

import math

from service.batching.entry import NORMAL, Entry, Piece
from service.batching.lines import Lines


class PendingQueue:
    """Entries that wait for a place in a batch. Synchronous; time comes in as an argument.

    A batch is taken from the lines of the lowest priority number that has somebody, and filled up from
    the next ones. Nothing of a higher number goes before it: who waits long ends by the deadline.
    """

    def __init__(self, max_batch_rows: int) -> None:
        self._max_batch_rows = max_batch_rows
        self._lines = {NORMAL: Lines(max_batch_rows)}
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
            lines = self._lines[entry.priority] = Lines(self._max_batch_rows)
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

    def _in_order(self) -> list[Lines]:
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
        self._usual = Lines(self._max_batch_rows)
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
