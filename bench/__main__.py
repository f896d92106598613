"""One command, one table: this server and its peers as shares of the ceiling, measured in one run.

The load generator takes a core of its own: on a machine of two cores, one worker and wrk fill it. The server
with two workers then shares a core with its load.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import subjects, table, wrk
from bench.measure import Pace
from bench.run import Plan, run
from bench.subjects import Subject
from bench.workloads import ROOT

RESULTS = ROOT / "bench" / "results"


def main(
    only: Annotated[str, typer.Option(help="Workloads, by letter.")] = "A,B,C,D,E",
    peers: Annotated[str, typer.Option(help="all, none, or names of peers.")] = "all",
    seconds: Annotated[float, typer.Option(min=0.2, help="How long one measurement takes.")] = 1.0,
    repeats: Annotated[int, typer.Option(min=1, help="Measurements of a row; it shows the medians.")] = 5,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULTS
    / "latest.json",
) -> None:
    """Measure this server on this machine, beside the ceiling and its peers."""
    said = Console(stderr=True, highlight=False, soft_wrap=True)
    wrk.require()
    try:
        chosen = _peers(peers)
    except ValueError as error:
        said.print(f"[red]error:[/] {error}")
        raise typer.Exit(2) from error
    except ImportError as error:
        said.print(f"the peers are left out: {error}")
        chosen = []
    plan = Plan(only.upper(), [subjects.ONE, subjects.TWO, *chosen], Pace(seconds, repeats))
    document = run(plan, lambda line: said.print(line, markup=False))
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    table.show(document)


def _peers(names: str) -> list[Subject]:
    if names == "none":
        return []
    known = subjects.peers()
    wanted = list(known) if names == "all" else names.split(",")
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise ValueError(f"no such peer: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in wanted]


if __name__ == "__main__":
    typer.run(main)
