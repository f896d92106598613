"""This code beside another checkout of it: ``python -m bench.versus FOLDER``, the folder of the other one.

Both serve the same artifacts with the same packages, and are asked in turns. What a process gets of the
machine also depends on its launch (where its memory lies, which core it is given), by a tenth and more;
so both are launched several times, and the one that is launched first changes.
"""

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench import processes, wrk
from bench.http import Request, settle
from bench.measure import Pace
from bench.servers import Running, running
from bench.workloads import ROOT, artifacts, workloads

_WARM_S = 0.3


@dataclass(slots=True)
class Figures:
    """Of one side: good answers a second of every turn, and microseconds of processor time an answer."""

    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


def main(
    other: Annotated[Path, typer.Argument(help="The root of the other checkout.", exists=True)],
    letters: Annotated[str, typer.Option(help="Workloads.")] = "AC",
    connections: Annotated[list[int], typer.Option("-c", help="Connections; may be repeated.")] = [1, 64],  # noqa: B006
    seconds: Annotated[float, typer.Option(min=0.2, help="How long one measurement takes.")] = 0.8,
    turns: Annotated[int, typer.Option(min=1, help="Turns in a launch.")] = 5,
    launches: Annotated[int, typer.Option(min=1, help="How often both are launched.")] = 4,
) -> None:
    """Print medians, and the ratio of this checkout to the other: all launches, and each."""
    wrk.require()
    asked = [(letter, count) for letter in letters for count in connections]
    ratios: dict[tuple[str, int], list[float]] = {one: [] for one in asked}
    sides = {one: (Figures(), Figures()) for one in asked}
    for launch in range(launches):
        roots = (other.resolve(), ROOT)
        with ExitStack() as stack:
            order = (0, 1) if launch % 2 == 0 else (1, 0)
            servers = {side: _launch(stack, roots[side]) for side in order}
            for one in asked:
                ratios[one].append(_measure(one, servers, sides[one], Pace(seconds, turns)))
    table = Table("workload", "connections", "other/s", "this/s", "ratio", "each launch", "CPU us", "CPU us")
    for one in asked:
        before, now = sides[one]
        each = " ".join(f"{ratio:.2f}" for ratio in ratios[one])
        cpu = [f"{median(figures.cpu_us):.0f}" for figures in (before, now)]
        rates = [f"{median(figures.rates):,.0f}" for figures in (before, now)]
        table.add_row(one[0], str(one[1]), *rates, f"{median(ratios[one]):.3f}", each, *cpu)
    Console().print(table)


def _launch(stack: ExitStack, root: Path) -> Running:
    state = stack.enter_context(tempfile.TemporaryDirectory())
    folder = stack.enter_context(artifacts())
    command = [sys.executable, "-m", "modiste", "serve", str(folder), "--port", "{port}"]
    first = workloads()["A"].request
    return stack.enter_context(
        running(
            command, first, folder=root, environment={"MODISTE_STATE_DIR": state, "PYTHONPATH": str(root)}
        )
    )


def _measure(
    asked: tuple[str, int], servers: dict[int, Running], sides: tuple[Figures, Figures], pace: Pace
) -> float:
    request, count = workloads()[asked[0]].request, asked[1]
    for server in servers.values():
        wrk.run(request, server.port, count, _WARM_S)
    found = []
    for turn in range(pace.repeats):
        rates = {}
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            rates[side] = _turn(request, servers[side], count, pace.seconds, sides[side])
        found.append(rates[1] / rates[0])
    return median(found)


def _turn(request: Request, server: Running, connections: int, seconds: float, figures: Figures) -> float:
    before = processes.cpu_s(server.pid)
    outcome = wrk.run(request, server.port, connections, seconds)
    used = processes.cpu_s(server.pid) - before
    settle(request, server.port)
    figures.rates.append(outcome.requests_per_second)
    figures.cpu_us.append(used / max(1, outcome.requests) * 1e6)
    return outcome.requests_per_second


if __name__ == "__main__":
    typer.run(main)
