"""One caller's rows on their way through a batcher, and the pieces of them that batches are made of."""

import asyncio
from collections.abc import Callable

import numpy as np

from service.errors import ServingError
from service.rows import Rows

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
        self.rows, self.taken = NOTHING, 0
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


class Awaited(Entry):
    """An entry whose caller waits for a future, and leaves by cancelling it."""

    __slots__ = ("future",)

    def __init__(self, rows: Rows, deadline: float, future: asyncio.Future[Rows], priority: int) -> None:
        super().__init__(rows, deadline, self._resolve, priority)
        self.future = future

    @property
    def ended(self) -> bool:
        """Whether the future is resolved, or cancelled."""
        return self.future.done()

    def _resolve(self, outputs: Rows | None, error: ServingError | None) -> None:
        if error is not None:
            self.future.set_exception(error)
        elif outputs is not None:
            self.future.set_result(outputs)


NOTHING: Rows = np.empty(0, np.uint8)
"""The rows of an entry that forgot them."""


def _tell_nobody(outputs: Rows | None, error: ServingError | None) -> None:
    """Do nothing."""


Piece = tuple[Entry, int, int]
"""The rows `start` to `stop` of one entry, as part of one batch. No named tuple: there is one a request."""


def rows_of(piece: Piece) -> Rows:
    """Return the rows of a piece, a view; of most they are all that the entry has."""
    entry, start, stop = piece
    rows = entry.rows
    return rows if stop - start == len(rows) else rows[start:stop]
