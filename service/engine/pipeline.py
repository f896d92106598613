"""Two threads that keep a device busy: one starts batches, the other waits for their outputs.

While a batch computes, the next is padded and copied to the device, and the outputs of the one before
are fetched. One thread could not: it would wait for outputs while rows that arrive meanwhile lie idle.
"""

import asyncio
import queue
import threading
from dataclasses import dataclass

from service.engine.port import Pending, PipelinedEngine
from service.engine.reply import Reply
from service.errors import ShuttingDown
from service.rows import Rows


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: Rows
    reply: Reply[Rows]


@dataclass(frozen=True, slots=True)
class _Started:
    """A batch on its way, or the error that kept it from starting, which is told in its turn."""

    pending: Pending | Exception
    reply: Reply[Rows]


class Pipeline:
    """Runs an engine's batches in the order in which they came; results resolve in that order too.

    Daemon threads, because one that hangs in a device's driver would keep the process from ending.
    """

    def __init__(self, engine: PipelinedEngine, name: str) -> None:
        self._engine = engine
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._started: queue.SimpleQueue[_Started | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._start_all, name=f"{name}-start", daemon=True),
            threading.Thread(target=self._fetch_all, name=f"{name}-fetch", daemon=True),
        ]
        self._closed = False
        for thread in self._threads:
            thread.start()

    def compute(self, rows: Rows) -> asyncio.Future[Rows]:
        """Start a batch and return at once, with a future of the running loop.

        Args:
            rows: as `service.engine.port.Engine.infer` takes them.

        Raises:
            ShuttingDown: after `close`.
        """
        if self._closed:
            raise ShuttingDown("this version of the model is stopping; ask again")
        reply: Reply[Rows] = Reply()
        self._batches.put(_Batch(rows, reply))
        return reply.future

    def close(self, wait_s: float = 5.0) -> None:
        """End the threads after the batches that they have, waiting for them with a bound."""
        self._closed = True
        self._batches.put(None)
        for thread in self._threads:
            thread.join(wait_s)

    def _start_all(self) -> None:
        while (batch := self._batches.get()) is not None:
            self._started.put(_Started(self._start(batch.rows), batch.reply))
            del batch  # or this thread would hold the rows until the next ones come
        self._started.put(None)

    def _start(self, rows: Rows) -> Pending | Exception:
        try:
            return self._engine.start(rows)
        except Exception as error:
            return error

    def _fetch_all(self) -> None:
        while (started := self._started.get()) is not None:
            if isinstance(started.pending, Exception):
                started.reply.fail(started.pending)
            else:
                _fetch(started.pending, started.reply)
            del started


def _fetch(pending: Pending, reply: Reply[Rows]) -> None:
    try:
        outputs = pending.result()
    except Exception as error:
        reply.fail(error)
    else:
        reply.give(outputs)
