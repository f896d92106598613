"""Several workers on one socket: started together, brought back when one dies or hangs, stopped together."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from service.pulse import beat_s
from service.run_folder import Place, RunFolder
from service.server import run_worker
from service.settings import Settings

logger = logging.getLogger(__name__)

_EARLY_DEATH_S = 5.0
_MAX_EARLY_DEATHS = 5
_STOP_MARGIN_S = 5.0
_LAST_WORDS_S = 2.0
_OWN_STOP_S = 2.0
_START_S = 60.0
"""Until its loop runs a worker imports, which may take long; nothing is loaded or prepared before that."""
_READ_BYTES = 4096


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker process: its place among the workers, its line, and when it last gave a sign of life."""

    number: int
    process: SpawnProcess
    line: "Connection[Any, Any]"
    started_at: float = field(default_factory=time.monotonic)
    beat_at: float = field(default_factory=time.monotonic)
    allowance_s: float = _START_S  # to be silent for so much longer

    def listen(self) -> None:
        """Read what it sent."""
        with suppress(OSError):
            if os.read(self.line.fileno(), _READ_BYTES):
                self.beat_at, self.allowance_s = time.monotonic(), 0.0


class Supervisor:
    """Owns the worker processes; serves nothing itself.

    Workers are spawned, not forked: a fork would copy locks that threads of TensorFlow hold.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._folder: Path | None = None
        self._workers: list[_Worker] = []
        self._early_deaths = 0
        self._hang_timeout_s = settings.hang_timeout_ms / 1000
        self._wake_receive, self._wake_send = multiprocessing.Pipe(duplex=False)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit status: 1 where workers would not stay up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._wake_send.send(None))
        with ExitStack() as ending:
            try:
                self._folder = ending.enter_context(RunFolder(self._settings.state_dir)).path
            except OSError as error:
                logger.warning(
                    "the state folder cannot be written to (%s): statistics are of one worker each",
                    error.strerror,
                )
            return self._serve()

    def _serve(self) -> int:
        for number in range(self._settings.http_workers):
            self._start(number)
        while self._early_deaths < _MAX_EARLY_DEATHS:
            self._wait()
            if self._wake_receive.poll():
                break
            for worker in self._workers:
                worker.listen()
            self._end_hung()
            self._replace_dead()
        self._stop_all()
        return 1 if self._early_deaths >= _MAX_EARLY_DEATHS else 0

    def _wait(self) -> None:
        """Wait until something happens, or it is time to look for who is silent."""
        pause_s, began = beat_s(self._hang_timeout_s), time.monotonic()
        sentinels = [worker.process.sentinel for worker in self._workers]
        wait([self._wake_receive, *sentinels], pause_s)
        if time.monotonic() - began > pause_s + _OWN_STOP_S:
            # All were stopped together, as by Ctrl-Z or a container's pause: silence means nothing.
            for worker in self._workers:
                worker.beat_at = time.monotonic()

    def _start(self, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        place = None if self._folder is None else Place(self._folder, number, self._settings.http_workers)
        ours, its = context.Pipe()
        process = context.Process(
            target=run_worker, args=(self._settings, self._listener, place, its), name=f"worker {number}"
        )
        process.start()
        its.close()  # or it would not be told by its line that we are gone
        os.set_blocking(ours.fileno(), False)
        self._workers.append(_Worker(number, process, ours))

    def _end_hung(self) -> None:
        """End workers that have been silent for too long: they hold connections, and answer nothing."""
        now = time.monotonic()
        for worker in self._workers:
            silent_s = now - worker.beat_at
            if silent_s <= self._hang_timeout_s + worker.allowance_s:
                continue
            logger.error(
                "worker %s has given no sign of life for %.0f s and is killed", worker.process.pid, silent_s
            )
            assert worker.process.pid is not None
            # It writes where its threads are, unless it is stopped.
            os.kill(worker.process.pid, signal.SIGABRT)
            worker.process.join(_LAST_WORDS_S)
            worker.process.kill()
            worker.process.join()

    def _replace_dead(self) -> None:
        for worker in [worker for worker in self._workers if not worker.process.is_alive()]:
            self._workers.remove(worker)
            worker.line.close()
            lived_s = time.monotonic() - worker.started_at
            status = worker.process.exitcode
            logger.error("worker %s ended with status %s; starting another", worker.process.pid, status)
            # One that somebody killed says nothing of whether it could live.
            if status != -signal.SIGKILL:
                self._early_deaths = self._early_deaths + 1 if lived_s < _EARLY_DEATH_S else 0
            if self._early_deaths < _MAX_EARLY_DEATHS:
                self._start(worker.number)

    def _stop_all(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        allowed_ms = self._settings.drain_delay_ms + self._settings.grace_period_ms
        deadline = time.monotonic() + allowed_ms / 1000 + _STOP_MARGIN_S
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                logger.error("worker %s did not stop in time and is killed", worker.process.pid)
                worker.process.kill()
                worker.process.join()
