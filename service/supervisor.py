"""Several workers on one socket: started together, brought back when one dies, stopped together."""

import logging
import multiprocessing
import signal
import socket
import time
from contextlib import ExitStack
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import NamedTuple

from service.run_folder import Place, RunFolder
from service.server import run_worker
from service.settings import Settings

logger = logging.getLogger(__name__)

_EARLY_DEATH_S = 5.0
_MAX_EARLY_DEATHS = 5
_STOP_MARGIN_S = 5.0


class _Started(NamedTuple):
    """Which place among the workers one has, and when it was started."""

    number: int
    at: float


class Supervisor:
    """Owns the worker processes; serves nothing itself.

    Workers are spawned, not forked: a fork would copy locks that threads of TensorFlow hold.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._folder: Path | None = None
        self._workers: dict[SpawnProcess, _Started] = {}
        self._early_deaths = 0
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
            ended = wait([self._wake_receive, *(worker.sentinel for worker in self._workers)])
            if self._wake_receive in ended:
                break
            self._replace_dead()
        self._stop_all()
        return 1 if self._early_deaths >= _MAX_EARLY_DEATHS else 0

    def _start(self, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        place = None if self._folder is None else Place(self._folder, number, self._settings.http_workers)
        worker = context.Process(
            target=run_worker, args=(self._settings, self._listener, place), name=f"worker {number}"
        )
        worker.start()
        self._workers[worker] = _Started(number, time.monotonic())

    def _replace_dead(self) -> None:
        for worker in [worker for worker in self._workers if not worker.is_alive()]:
            started = self._workers.pop(worker)
            lived_s = time.monotonic() - started.at
            logger.error("worker %s ended with status %s; starting another", worker.pid, worker.exitcode)
            early = lived_s < _EARLY_DEATH_S
            self._early_deaths = self._early_deaths + 1 if early else 0
            if self._early_deaths < _MAX_EARLY_DEATHS:
                self._start(started.number)

    def _stop_all(self) -> None:
        for worker in self._workers:
            worker.terminate()
        allowed_ms = self._settings.drain_delay_ms + self._settings.grace_period_ms
        deadline = time.monotonic() + allowed_ms / 1000 + _STOP_MARGIN_S
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                logger.error("worker %s did not stop in time and is killed", worker.pid)
                worker.kill()
                worker.join()
