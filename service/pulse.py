"""The sign of life of a worker's event loop, and how a worker ends that nobody looks after any more.

A worker under a supervisor sends it a byte a second; one that sends none is hung, and the supervisor ends it.
The line is one of sockets: it closes with the supervisor, however that ended, and the worker then stops as by
SIGTERM. A worker alone has a thread that looks at the loop, and ends the process.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

logger = logging.getLogger(__name__)

_BEAT_S = 1.0
_BEATS_IN_TIMEOUT = 4
_OWN_STOP_S = 2.0
"""A thread that sleeps so much longer than it wanted to was stopped, with all of its process."""


def beat_s(hang_timeout_s: float) -> float:
    """Return how often a loop beats."""
    return min(_BEAT_S, hang_timeout_s / _BEATS_IN_TIMEOUT)


class Pulse:
    """Beats while the running loop does. `line` leads to the supervisor; None where there is none."""

    def __init__(self, hang_timeout_s: float, line: "Connection[Any, Any] | None" = None) -> None:
        self._timeout_s = hang_timeout_s
        self._line = line
        self._beat_at = time.monotonic()
        self._ended = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Beat on the running loop until the block ends."""
        loop = asyncio.get_running_loop()
        if self._line is not None:
            os.set_blocking(self._line.fileno(), False)
            loop.add_reader(self._line.fileno(), self._supervisor_gone, loop)
        else:
            threading.Thread(target=self._look, name="pulse", daemon=True).start()
        self._beat(loop)
        try:
            yield
        finally:
            self._ended.set()
            if self._line is not None:
                loop.remove_reader(self._line.fileno())

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._ended.is_set():
            return
        self._beat_at = time.monotonic()
        if self._line is not None:
            # A supervisor that is stopped reads nothing: what does not fit is not waited for.
            with suppress(OSError):
                os.write(self._line.fileno(), b".")
        loop.call_later(beat_s(self._timeout_s), self._beat, loop)

    def _supervisor_gone(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._line is not None
        loop.remove_reader(self._line.fileno())
        logger.error("the supervisor is gone; this worker stops")
        signal.raise_signal(signal.SIGTERM)

    def _look(self) -> None:
        """Watch the loop from beside it; a loop that holds on to the interpreter itself is not found out."""
        pause_s = beat_s(self._timeout_s)
        looked_at = time.monotonic()
        while not self._ended.wait(pause_s):
            before, looked_at = looked_at, time.monotonic()
            if looked_at - before > pause_s + _OWN_STOP_S:
                self._beat_at = looked_at
            elif looked_at - self._beat_at > self._timeout_s:
                logger.critical("the event loop has stood still for %g s; the process ends", self._timeout_s)
                faulthandler.dump_traceback(all_threads=True)
                os.kill(os.getpid(), signal.SIGKILL)
