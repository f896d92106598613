"""``make chaos``, ``python -m bench.chaos``: two workers, everything at once, every answer checked.

Callers ask all protocols of models that change, that are slow and that fail; some leave, some send slowly,
some send nonsense. Meanwhile workers are killed and stopped, and what prepares is killed; versions are
published, prepared, raw and bad ones; a label moves, and crowds come. Each answer 200 is checked against what
Keras says for that version, each other status against what may come of that request, and a request without
an answer against the worker that went.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bench import machine, processes, servers
from bench.chaos.asks import Asks
from bench.chaos.callers import Connection, caller, judge, leaver, slow_sender
from bench.chaos.tally import Tally
from bench.chaos.troubles import Troubles
from bench.chaos.world import World
from bench.http import Request, send
from bench.servers import Running
from bench.workloads import ROOT

RESULT = ROOT / "bench" / "results" / "reliability" / "chaos.json"
_READY = Request("GET", "/health/ready")
_ENVIRONMENT = {
    "MODISTE_DEFAULT_MODEL": "steady",
    "MODISTE_WATCH_INTERVAL_MS": "100",
    "MODISTE_READ_TIMEOUT_MS": "2000",
    "MODISTE_HANG_TIMEOUT_MS": "2000",
    "MODISTE_MAX_ROWS_IN_FLIGHT": "2048",
    "MODISTE_MAX_ROWS_PER_REQUEST": "1000",
}
_CALM_S = 20.0
_STOP_S = 20.0
_ENDS_S = 1.0
_SHOWN = 30


def main(
    seconds: Annotated[float, typer.Option(min=5.0, help="How long troubles are made.")] = 180.0,
    callers: Annotated[int, typer.Option(min=1, help="Callers that ask and check.")] = 12,
    seed: Annotated[int | None, typer.Option(help="Of all chance but time; drawn unless given.")] = None,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Make chaos. Ends with status 1 where something came of it that must not."""
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    tally = run(seconds, callers, seed)
    document = _document(tally, seconds, seed)
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    _show(document)
    if tally.wrong:
        sys.exit(1)


def run(seconds: float, callers: int, seed: int) -> Tally:
    """Run a server of two workers in chaos for so long, then in calm, then stop it."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "artifacts")
        world.begin()
        keys = Path(folder) / "keys.json"
        admin = _admin_key(keys)
        environment = _ENVIRONMENT | {"MODISTE_KEYS_FILE": str(keys)}
        with servers.modiste(world.folder, _READY, workers=2, environment=environment) as server:
            uvloop.run(_chaos(server, world, admin, tally, seconds, callers, seed))
            _stop(server, tally)
    return tally


async def _chaos(
    server: Running, world: World, admin: str, tally: Tally, seconds: float, callers: int, seed: int
) -> None:
    dice = random.Random(seed)
    ended = asyncio.Event()

    def own() -> random.Random:
        return random.Random(dice.randrange(2**31))

    troubles = Troubles(server.port, server.pid, world, admin, tally, own())
    await troubles.begin()
    async with asyncio.timeout(seconds + 240), asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller(server.port, Asks(world, own()), tally, ended, own()))
        for _ in range(2):
            group.create_task(leaver(server.port, Asks(world, own()), tally, ended, own()))
            group.create_task(slow_sender(server.port, Asks(world, own()), tally, ended))
        group.create_task(troubles.run(ended, pause_s=0.5))
        await asyncio.sleep(seconds)
        ended.set()
    await _calm(server, troubles, Asks(world, own()), tally)


async def _calm(server: Running, troubles: Troubles, asks: Asks, tally: Tally) -> None:
    """Let things settle; then two workers must be there, and every form of request must be answered right."""
    deadline = time.monotonic() + _CALM_S
    while len(troubles.workers()) != 2 or (await asyncio.to_thread(send, _READY, server.port)).status != 200:
        if time.monotonic() > deadline:
            tally.blame(f"{_CALM_S:g} s after the last trouble the server is not what it was")
            return
        await asyncio.sleep(0.1)
    await asyncio.sleep(2.5)  # what a hung worker held, and a full queue, is over by then
    for _ in range(10):
        for ask in asks.steady():
            connection = Connection(server.port)
            await judge(ask, connection, tally)
            connection.close()


def _stop(server: Running, tally: Tally) -> None:
    """Stop the server as an orchestrator does; nothing of it may stay behind."""
    below = {pid: _named(pid) for pid in processes.tree(server.pid)[1:]}
    os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_S
    while (ended := os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is None:
        if time.monotonic() > deadline:
            tally.blame(f"the server did not stop within {_STOP_S:g} s")
            return
        time.sleep(0.05)
    if ended.si_status != 0:
        tally.blame(f"the server ended with status {ended.si_status}")
    time.sleep(_ENDS_S)
    left = [name for pid, name in below.items() if processes.lives(pid)]
    if left:
        tally.blame(f"processes stayed behind: {left}")


def _named(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return "ended"


def _admin_key(keys: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "modiste",
        "key",
        "new",
        "chaos",
        "--scope",
        "admin",
        "--file",
        str(keys),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _document(tally: Tally, seconds: float, seed: int) -> dict[str, Any]:
    return {
        "kind": "chaos",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "seed": seed,
        "figures": {"seconds": seconds, **tally.figures()},
        "kinds": {kind: dict(sorted(counts.items())) for kind, counts in sorted(tally.statuses.items())},
        "kills": [{"what": kill.what, "worker": kill.worker, "lost": kill.lost} for kill in tally.kills],
        "wrong": tally.wrong,
    }


def _show(document: dict[str, Any]) -> None:
    console = Console(highlight=False, width=max(100, shutil.get_terminal_size().columns))
    table = Table("what was asked", "how it ended")
    for kind, counts in document["kinds"].items():
        table.add_row(kind, ", ".join(f"{count:,} x {what}" for what, count in counts.items()))
    console.print(table)
    for name, value in document["figures"].items():
        console.print(f"{name}: {value:,}", markup=False)
    for line in document["wrong"][:_SHOWN]:
        console.print(f"must not be: {line}", markup=False)
    console.print(f"seed {document['seed']}", markup=False)


if __name__ == "__main__":
    typer.run(main)
