"""Servers to be measured, each a process group of its own on a free port of the loopback."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench import processes
from bench.http import HOST, Answer, Request, send

_POLL_S = 0.01
_STOP_S = 15.0
_SHOWN_BYTES = 3000


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers; `pid` leads its processes, `cold_start_s` runs from its start to its answer."""

    port: int
    pid: int
    cold_start_s: float


class DidNotStart(Exception):
    """A server ended, or gave no good answer in time; the message holds the end of its output."""


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_ok(answer: Answer) -> bool:
    """Whether an answer is good by its status alone."""
    return answer.status == 200


@contextmanager
def running(
    command: Sequence[str],
    first: Request,
    *,
    good: Callable[[Answer], bool] = is_ok,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    start_s: float = 60.0,
) -> Iterator[Running]:
    """Run a server until the block ends.

    Args:
        command: what to run; ``{port}`` stands for the port, here and in the environment's values.
        first: asked again and again until the answer to it is good.
        good: says whether it is; by its status 200 unless given.
        port: the port, where the caller had to know it earlier; else a free one.
        environment: variables added to this process's own.
        folder: where it runs; here unless given.
        start_s: how long it may take to the first good answer.

    Raises:
        DidNotStart: it ended or took longer.
    """
    port = free_port() if port is None else port
    filled = [part.replace("{port}", str(port)) for part in command]
    variables = {name: value.replace("{port}", str(port)) for name, value in (environment or {}).items()}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            filled,
            env={**os.environ, **variables},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            cold_start_s = _wait(process, port, first, good, began, start_s, output)
            yield Running(port, process.pid, cold_start_s)
        finally:
            _stop(process)


def _wait(
    process: subprocess.Popen[bytes],
    port: int,
    first: Request,
    good: Callable[[Answer], bool],
    began: float,
    start_s: float,
    output: IO[bytes],
) -> float:
    said = "no connection"
    while process.poll() is None and (left := began + start_s - time.perf_counter()) > 0:
        try:
            answer = send(first, port, timeout_s=left)
            if good(answer):
                return time.perf_counter() - began
            said = f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            said = repr(error)
        time.sleep(_POLL_S)
    why = f"ended with {process.returncode}" if process.poll() is not None else f"last heard: {said}"
    output.seek(max(0, output.seek(0, os.SEEK_END) - _SHOWN_BYTES))
    tail = output.read().decode(errors="replace")
    raise DidNotStart(f"no good answer within {start_s:.0f} s ({why})\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the leader to end, and after a while kill what is left of what it started."""
    # Some begin sessions of their own; a descriptor never names a later process of the same number.
    below = [fd for pid in processes.tree(process.pid)[1:] if (fd := _descriptor(pid)) is not None]
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for fd in below:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        os.close(fd)
    process.wait()


def _descriptor(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.pidfd_open(pid)
    return None


@contextmanager
def modiste(
    artifacts: Path,
    first: Request,
    good: Callable[[Answer], bool] = is_ok,
    *,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    start_s: float = 60.0,
) -> Iterator[Running]:
    """Run ``modiste serve`` with a state folder of its own."""
    command = [sys.executable, "-m", "modiste", "serve", str(artifacts), "--port", "{port}"]
    with tempfile.TemporaryDirectory() as state:
        variables = {"MODISTE_STATE_DIR": state, **(environment or {})}
        with running(
            [*command, "--workers", str(workers)], first, good=good, environment=variables, start_s=start_s
        ) as server:
            yield server


@contextmanager
def ceiling() -> Iterator[Running]:
    """Run the ceiling application on the uvicorn that the server runs on."""
    options = ["--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", "bench.ceiling:app", *options, "--port", "{port}"]
    with running(command, Request(path="/1"), folder=Path(__file__).parents[1]) as server:
        yield server
