"""The load: ``wrk``, with one thread, a fixed number of connections and one request over and over.

A closed loop: a slow server gets fewer requests. wrk counts every latency in microseconds and corrects them
for coordinated omission: an answer that came far later than the mean counts as well for the
requests that its connection would have sent meanwhile. That is so for whatever is measured here.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.http import HOST, Request

_SCRIPT = Path(__file__).with_name("wrk.lua")
_MARK = "OUTCOME "
_TIMEOUT_S = 10
_END_S = 30.0
_WHOLE_S = 3600
_INSTALL = "wrk is not installed; on Debian and Ubuntu: apt-get install wrk"


class Missing(Exception):
    """There is no wrk on this machine; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `requests` counts the good answers alone."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    bad_status: int
    socket_errors: int

    @property
    def requests_per_second(self) -> float:
        """Good answers a second."""
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        """Answers that were not good, and requests that got none."""
        return self.bad_status + self.socket_errors


def check() -> None:
    """Raise Missing where there is no wrk."""
    if shutil.which("wrk") is None:
        raise Missing(_INSTALL)


def require() -> None:
    """End this program with status 2, saying how to install wrk, where there is none."""
    try:
        check()
    except Missing as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def version() -> str:
    """Return what wrk says of itself."""
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return said.partition(" Copyright")[0].removeprefix("wrk ").strip()


def run(request: Request, port: int, connections: int, seconds: float) -> Outcome:
    """Send a request over and over on every connection for so long."""
    with started(request, port, connections) as process:
        return finished(process, seconds)


@contextmanager
def started(request: Request, port: int, connections: int) -> Iterator[subprocess.Popen[str]]:
    """Start a run; it is killed where the block ends before it."""
    with tempfile.NamedTemporaryFile() as body:
        body.write(request.body)
        body.flush()
        headers = [part for pair in request.headers.items() for part in pair]
        # wrk takes whole seconds; `finished` ends it by a signal, which it takes as the end of its time.
        command = ["wrk", "-t1", f"-c{connections}", f"-d{_WHOLE_S}s", f"--timeout={_TIMEOUT_S}s"]
        command += ["-s", str(_SCRIPT), f"http://{HOST}:{port}", "--"]
        command += [request.method, request.path, body.name, *headers]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def finished(process: subprocess.Popen[str], seconds: float) -> Outcome:
    """Let a run go on for so long, end it, and return what it came to."""
    wait(process, seconds)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=_END_S)
    return parsed(output)


def wait(process: subprocess.Popen[str], seconds: float) -> None:
    """Let a run go on for so long, or until it ends by itself, which is an error."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def parsed(output: str) -> Outcome:
    """Read the line that the script wrote.

    Raises:
        ValueError: there is none; the message holds what wrk said instead.
    """
    line = next((line for line in output.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        raise ValueError(f"wrk gave no outcome: {output.strip()[-500:]}")
    found: dict[str, Any] = json.loads(line.removeprefix(_MARK))
    return Outcome(
        # wrk counts answers of any status.
        requests=found["requests"] - found["status"],
        seconds=found["duration_us"] / 1e6,
        p50_ms=found["p50_us"] / 1000,
        p99_ms=found["p99_us"] / 1000,
        p999_ms=found["p999_us"] / 1000,
        max_ms=found["max_us"] / 1000,
        bad_status=found["status"],
        socket_errors=found["connect"] + found["read"] + found["write"] + found["timeout"],
    )
