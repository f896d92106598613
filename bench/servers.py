"""Servers to be measured, each a process of its own on a free port of the loopback."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    port: int
    pid: int


@contextmanager
def modiste(artifacts: Path, *options: str) -> Iterator[Running]:
    """Run ``modiste serve``."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "modiste", "serve", str(artifacts), *options]
        with _running(command, "/health/ready", "--port", MODISTE_STATE_DIR=state) as server:
            yield server


@contextmanager
def ceiling() -> Iterator[Running]:
    """Run the ceiling application."""
    options = ["--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "warning"]
    with _running([sys.executable, "-m", "uvicorn", "bench.ceiling:app", *options], "/", "--port") as server:
        yield server


@contextmanager
def _running(command: list[str], ready: str, port_option: str, **environment: str) -> Iterator[Running]:
    port = _free_port()
    process = subprocess.Popen(
        [*command, port_option, str(port)], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}{ready}", process)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.05)
    raise RuntimeError(f"no answer at {url}")


def memory_mib(pid: int) -> float:
    """Resident memory of a process and all below it, in MiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    resident = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    own = int(resident[1]) / 1024 if resident else 0.0
    return own + sum(memory_mib(int(child)) for child in children)
