"""How cost grows: rows in a request, parameters, connections, models loaded. ``make bench-growth``.

One curve each, measured with one worker, drawn into a picture each; a point is the median of three
measurements. Rows and parameters are asked with raw bytes and answered as npy, which costs least
beside them; connections and models with one image as JSON.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import growth_models, growth_pictures, limit, machine, processes, servers, wrk
from bench.http import Request, settle
from bench.servers import Running
from bench.subjects import ONE
from bench.workloads import MODEL, ROOT, workloads

RESULT = ROOT / "bench" / "results" / "growth.json"
PICTURES = ROOT / "docs" / "pictures"
Point = dict[str, Any]

_ROWS = tuple(2**n for n in range(13))
_CONNECTIONS = tuple(2**n for n in range(11))
_MODELS = (1, 2, 5, 10, 20, 50)
_BULK_CONNECTIONS = 4
_BUSY_CONNECTIONS = 64
_START_S = 300.0
_REPEATS = 3


def rows(seconds: float) -> list[Point]:
    """One request after the other, and four at once, with 1 to 4,096 images in each."""
    bulk = workloads()["D"].request
    images = bulk.body * 5
    points = []
    with ONE.run() as server:
        for count in _ROWS:
            request = replace(bulk, body=images[: count * 784])
            alone = _run(request, server.port, 1, seconds)
            busy = _run(request, server.port, _BULK_CONNECTIONS, seconds)
            points.append(_point(alone, busy, count, rows=count))
    return points


def parameters(seconds: float) -> list[Point]:
    """One image, to models of 10,000 to 50 million parameters."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        made = growth_models.make_apart(Path(folder))
        first = _asked(made[0].name)
        with servers.modiste(Path(folder), first, start_s=_START_S) as server:
            for model in made:
                request = _asked(model.name)
                alone = _run(request, server.port, 1, seconds)
                busy = _run(request, server.port, _BUSY_CONNECTIONS, seconds)
                points.append(_point(alone, busy, 1, kind=model.kind, parameters=model.parameters))
    return points


def connections(seconds: float) -> list[Point]:
    """One image as JSON on 1 to 1,024 connections, and the ceiling beside it."""
    single = workloads()["A"].request
    points = []
    with servers.ceiling() as top, ONE.run() as server:
        for count in _CONNECTIONS:
            # Opening a thousand connections takes part of the time.
            longer_s = seconds * max(1, count // 256)
            highest = _run(replace(single, path="/300"), top.port, count, longer_s)
            ours = _run(single, server.port, count, longer_s)
            points.append(
                {
                    "connections": count,
                    "requests_per_second": ours.requests_per_second,
                    "p99_ms": ours.p99_ms,
                    "ceiling_per_second": highest.requests_per_second,
                    "ceiling_p99_ms": highest.p99_ms,
                    "errors": ours.errors,
                }
            )
    return points


def models(seconds: float) -> list[Point]:
    """One to fifty copies of the shipped model: memory, start, and speed of one of them."""
    points = []
    for count in _MODELS:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                version = Path(folder) / f"copy-{number + 1}" / "1"
                shutil.copytree(MODEL, version)
            single = replace(workloads()["A"].request, path=f"/models/copy-{count}/predict")
            with servers.modiste(Path(folder), single, start_s=_START_S) as server:
                outcome = _run(single, server.port, _BUSY_CONNECTIONS, seconds)
                points.append(_of_models(count, server, outcome))
    return points


CURVES: dict[str, Callable[[float], list[Point]]] = {
    "rows": rows,
    "parameters": parameters,
    "connections": connections,
    "models": models,
}


def main(
    only: Annotated[str, typer.Option(help="Curves, by name.")] = ",".join(CURVES),
    seconds: Annotated[float, typer.Option(min=0.2, help="How long one measurement takes.")] = 1.0,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
    pictures: Annotated[Path, typer.Option(help="The folder that the pictures go to.")] = PICTURES,
    draw: Annotated[bool, typer.Option("--draw", help="Measure nothing, draw the figures again.")] = False,
) -> None:
    """Measure how cost grows on this machine, and draw it."""
    said = Console(stderr=True, highlight=False)
    if not draw:
        wrk.require()
        curves = {}
        for name in only.split(","):
            said.print(f"measuring {name} ...")
            curves[name] = CURVES[name](seconds)
        document = {
            "kind": "growth",
            "at": machine.now(),
            "commit": machine.commit(),
            "machine": machine.machine(),
            "versions": machine.versions(),
            "bare_images_per_second": limit.measure_apart().images_per_second,
            "curves": curves,
        }
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document, indent=1) + "\n")
    for picture in growth_pictures.draw(json.loads(json_file.read_text()), pictures):
        said.print(f"drew {picture}")


def _run(request: Request, port: int, connections: int, seconds: float) -> wrk.Outcome:
    """Return the outcome in the middle of some, by its rate."""
    outcomes = []
    for _ in range(_REPEATS):
        settle(request, port)
        outcomes.append(wrk.run(request, port, connections, seconds))
    return sorted(outcomes, key=lambda outcome: outcome.requests_per_second)[_REPEATS // 2]


def _asked(name: str) -> Request:
    """One image as raw bytes for a model, answered as npy."""
    bulk = workloads()["D"].request
    return replace(bulk, path=f"/models/{name}/predict", body=bulk.body[:784])


def _point(alone: wrk.Outcome, busy: wrk.Outcome, images: int, **what: Any) -> Point:
    return {
        **what,
        "ms": alone.p50_ms,
        "images_per_second_alone": alone.requests_per_second * images,
        "images_per_second": busy.requests_per_second * images,
        "errors": alone.errors + busy.errors,
    }


def _of_models(count: int, server: Running, outcome: wrk.Outcome) -> Point:
    return {
        "models": count,
        "memory_mib": processes.pss_mib(server.pid),
        "start_s": server.cold_start_s,
        "requests_per_second": outcome.requests_per_second,
        "errors": outcome.errors,
    }


if __name__ == "__main__":
    typer.run(main)
