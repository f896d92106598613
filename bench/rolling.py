"""A rolling restart under load: ``python -m bench.rolling``. Two servers and one client.

The client does what a load balancer does: it asks each server's ``/health/ready`` again and again, sends
requests to those that say yes, on connections that it keeps, and drops its connections to a server that said
no. It tries nothing twice: one request that fails is a failure.
"""

import http.client
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from bench import machine, reference, servers
from bench.http import HOST, Request
from bench.workloads import MODEL, ROOT, artifacts, images

RESULT = ROOT / "bench" / "results" / "reliability" / "rolling.json"
_READY = Request("GET", "/health/ready")
_HEADERS = {"content-type": "application/octet-stream"}
_LOOK_S = 0.1
_TIMEOUT_S = 20.0
_STEADY_S = 1.0


@dataclass(slots=True)
class Outcome:
    """What came of the requests; `failures` says of each what went wrong."""

    requests: int = 0
    by_server: list[int] = field(default_factory=lambda: [0, 0])
    restarts: int = 0
    unready_seen: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


class _Backend:
    """One of the servers, as the balancer sees it; `life` grows whenever connections to it are dropped."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.ready = False
        self.life = 0
        self.unready_seen = 0

    def look(self) -> None:
        """Ask whether requests may be sent here."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", _READY.path)
            ready = connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            ready = False
        finally:
            connection.close()
        if self.ready and not ready:
            self.life += 1
            self.unready_seen += 1
        self.ready = ready


class Balancer:
    """Sends requests to two servers from several threads, and checks every answer."""

    def __init__(self, ports: list[int], pixels: NDArray[Any], expected: NDArray[np.float32]) -> None:
        self.backends = [_Backend(port) for port in ports]
        self.outcome = Outcome()
        self._pixels, self._expected = pixels, expected
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def run(self, callers: int) -> list[threading.Thread]:
        """Start asking; `stop` ends it."""
        for backend in self.backends:
            backend.look()
        work = [threading.Thread(target=self._look, args=(backend,)) for backend in self.backends]
        work += [threading.Thread(target=self._ask, args=(seed,)) for seed in range(callers)]
        for thread in work:
            thread.start()
        return work

    def stop(self) -> None:
        """End the threads after the request that each has."""
        self._ended.set()

    def _look(self, backend: _Backend) -> None:
        while not self._ended.wait(_LOOK_S):
            backend.look()

    def _ask(self, seed: int) -> None:
        dice = random.Random(seed)
        kept: dict[tuple[int, int], http.client.HTTPConnection] = {}
        while not self._ended.is_set():
            number = next(self._turn) % len(self.backends)
            if not self.backends[number].ready:
                number = 1 - number
            backend = self.backends[number]
            key = (number, backend.life)
            for old in [one for one in kept if one[0] == number and one != key]:
                kept.pop(old).close()
            failure = self._send(
                kept.setdefault(key, http.client.HTTPConnection(HOST, backend.port, timeout=_TIMEOUT_S)),
                dice.randrange(len(self._pixels)),
            )
            if failure is not None:
                kept.pop(key).close()
            with self._lock:
                self.outcome.requests += 1
                self.outcome.by_server[number] += 1
                if failure is not None:
                    self.outcome.failures.append(f"server {number}: {failure}")
        for connection in kept.values():
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, which: int) -> str | None:
        try:
            connection.request("POST", "/predict", self._pixels[which].tobytes(), _HEADERS)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if response.status != 200:
            return f"{response.status} {body[:200]!r}"
        got = json.loads(body)["predictions"][0]["probabilities"]
        return None if reference.agree(got, self._expected[which]) else "a wrong answer"


def roll(
    artifacts: Path,
    pixels: NDArray[Any],
    expected: NDArray[np.float32],
    *,
    restarts: int,
    callers: int = 6,
    workers: int = 1,
    drain_delay_ms: int = 1000,
) -> Outcome:
    """Restart two servers in turn, each so many times, while both are asked."""
    began = time.monotonic()
    ports = [servers.free_port(), servers.free_port()]
    with tempfile.TemporaryDirectory() as state, ExitStack() as everything:
        running: list[ExitStack] = []

        def start(number: int) -> None:
            stack = ExitStack()
            stack.enter_context(
                _server(artifacts, ports[number], Path(state) / str(number), workers, drain_delay_ms)
            )
            running[number : number + 1] = [stack]

        for number in (0, 1):
            start(number)
        everything.callback(_close_all, running)
        balancer = Balancer(ports, pixels, expected)
        threads = balancer.run(callers)
        try:
            for turn in range(2 * restarts):
                time.sleep(_STEADY_S)
                running[turn % 2].close()
                start(turn % 2)
                _until_ready(balancer.backends[turn % 2])
                balancer.outcome.restarts += 1
            time.sleep(_STEADY_S)
        finally:
            balancer.stop()
            for thread in threads:
                thread.join(_TIMEOUT_S + 5)
    outcome = balancer.outcome
    outcome.unready_seen = sum(backend.unready_seen for backend in balancer.backends)
    outcome.seconds = time.monotonic() - began
    return outcome


def _server(artifacts: Path, port: int, state: Path, workers: int, drain_delay_ms: int) -> Any:
    state.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "modiste", "serve", str(artifacts), "--port", "{port}"]
    variables = {"MODISTE_STATE_DIR": str(state), "MODISTE_DRAIN_DELAY_MS": str(drain_delay_ms)}
    return servers.running(
        [*command, "--workers", str(workers)], _READY, port=port, environment=variables, folder=ROOT
    )


def _close_all(running: list[ExitStack]) -> None:
    for stack in running:
        stack.close()


def _until_ready(backend: _Backend) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not backend.ready:
        if time.monotonic() > deadline:
            raise RuntimeError("a server that was restarted is not ready")
        time.sleep(_LOOK_S)


def main(
    restarts: Annotated[int, typer.Option(min=1, help="How often each of the two is restarted.")] = 10,
    callers: Annotated[int, typer.Option(min=1, help="Threads that ask.")] = 8,
    workers: Annotated[int, typer.Option(min=1, help="Workers of each server.")] = 1,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Restart two servers in turn under load. Ends with status 1 where a request failed."""
    pixels = images()[0]
    expected = reference.outputs(MODEL, pixels)
    with artifacts() as folder:
        outcome = roll(folder, pixels, expected, restarts=restarts, callers=callers, workers=workers)
    document = {
        "kind": "rolling",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "figures": {
            "restarts of two servers": outcome.restarts,
            "seconds": round(outcome.seconds),
            "requests": outcome.requests,
            "requests to the first, to the second": " and ".join(f"{n:,}" for n in outcome.by_server),
            "failed requests or wrong answers": len(outcome.failures),
        },
        "outcome": asdict(outcome),
    }
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    console = Console(highlight=False)
    for name, value in document["figures"].items():  # type: ignore[attr-defined]
        console.print(f"{name}: {value}", markup=False)
    for failure in outcome.failures[:20]:
        console.print(failure, markup=False)
    if outcome.failures:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
