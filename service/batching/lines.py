"""What waits in one priority, in what order it goes, and into which batch. Synchronous."""

from collections import deque

from service.batching.entry import NOTHING, Entry, Piece
from service.rows import kind

_FEW_EMPTY = 32


class Lines:
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
        """Put an entry at the end of its line."""
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
            self._whole = deque(one for one in self._whole if one.rows is not NOTHING)
            self._large = deque(one for one in self._large if one.rows is not NOTHING)
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
                self._empty -= rows is NOTHING
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
        """All that wait here, without those whose callers left."""
        return [entry for line in (self._whole, self._large) for entry in line if entry.rows is not NOTHING]
