"""One command, one table: predictions a second as a share of the ceiling, measured in one run.

    python -m bench [--seconds 5] [--json FILE]

The load comes from this process and takes a core of its own: on a machine of two cores the figures are
of one worker and one load generator. The ceiling is measured before and after each row, and the
share is of their mean, for a shared machine changes its speed.
"""

import asyncio
import json
import platform
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bench import load, servers

ROOT = Path(__file__).parents[1]


def workloads() -> dict[str, tuple[bytes, str, list[int]]]:
    """The requests by name: body, content type, and the numbers of connections."""
    pixels = json.loads(files("service").joinpath("static/example-28x28.json").read_text())
    raw = np.array(pixels, np.uint8).tobytes()
    return {
        "one image, JSON": (_json(pixels), "application/json", [1, 16, 64]),
        "64 images, JSON": (_json([pixels] * 64), "application/json", [1, 8]),
        "one image, raw": (raw, "application/octet-stream", [16, 64]),
        "1000 images, raw": (raw * 1000, "application/octet-stream", [4]),
    }


def main(
    seconds: Annotated[float, typer.Option(help="How long each measurement takes.")] = 5.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here too.")] = None,
) -> None:
    """Measure this server on this machine."""
    rows = []
    with servers.ceiling() as ceiling, servers.modiste(ROOT / "artifacts") as server:
        for name, (body, content_type, connections) in workloads().items():
            payload = load.request("/predict", body, content_type)
            for count in connections:
                rows.append({"workload": name, **_row(ceiling.port, server.port, payload, count, seconds)})
        memory = servers.memory_mib(server.pid)
    _print(rows, memory)
    if json_file is not None:
        document = {"rows": rows, "memory_mib": memory, "machine": _machine()}
        json_file.write_text(json.dumps(document, indent=2) + "\n")


def _row(ceiling: int, server: int, payload: bytes, connections: int, seconds: float) -> dict[str, Any]:
    def measured(port: int) -> load.Outcome:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(load.run("127.0.0.1", port, payload, connections, seconds))

    before, ours, after = measured(ceiling), measured(server), measured(ceiling)
    top = (before.requests_per_second + after.requests_per_second) / 2
    return {
        "connections": connections,
        "requests_per_second": round(ours.requests_per_second),
        "ceiling": round(top),
        "share": round(ours.requests_per_second / top, 2),
        "p50_ms": round(ours.percentile_ms(50), 2),
        "p99_ms": round(ours.percentile_ms(99), 2),
        "errors": ours.errors,
    }


def _json(instances: object) -> bytes:
    return json.dumps({"instances": instances}).encode()


def _machine() -> dict[str, str]:
    names = ("modiste", "uvicorn", "onnxruntime", "numpy", "pysimdjson", "orjson")
    return {"python": platform.python_version(), "system": platform.platform()} | {
        n: version(n) for n in names
    }


def _print(rows: list[dict[str, Any]], memory: float) -> None:
    table = Table(title="Predictions, one worker")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column == "workload" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console = Console(width=110)
    console.print(table)
    console.print(f"memory of the server: {memory:.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
