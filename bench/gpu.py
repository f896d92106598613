"""What serving costs on a GPU: images a second from the bare forward pass to HTTP, each a share of the last.

    python -m bench.gpu [--batches 256,1024,4096] [--networks mlp,cnn] [--seconds 3] [--json FILE]

It needs Keras and JAX beside the base install, and neither TensorFlow nor wrk: the models are saved
unprepared, and the server prepares them itself. See `bench.gpu_steps` for what is measured. Without a GPU
it measures the processor, which shows that it works and nothing about GPUs.
"""

import json
import os
import platform
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import gpu_models, gpu_steps, machine, servers
from bench.gpu_models import NAMES
from bench.gpu_steps import Figure
from bench.http import Answer, Request

STEPS = ("bare", "copied", "engine", "http")
GOAL = 0.9

_PACKAGES = ("jax", "jaxlib", "keras", "numpy", "uvicorn", "httptools", "uvloop")
_START_S = 600.0
_HELD_BATCHES = 8
_BODY_BYTES = 1 << 26


def main(
    batches: Annotated[str, typer.Option(help="Batch sizes, comma-separated.")] = "256,1024,4096",
    networks: Annotated[str, typer.Option(help="Which networks, comma-separated.")] = ",".join(NAMES),
    seconds: Annotated[float, typer.Option(help="How long each measurement takes.")] = 3.0,
    device: Annotated[
        str, typer.Option("--platform", help="cpu, or cuda; JAX's own choice if left out.")
    ] = "",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here too.")] = None,
) -> None:
    """Measure the networks at every batch size."""
    if device:
        os.environ["JAX_PLATFORMS"] = device  # for the server's process as well
    os.environ |= {"KERAS_BACKEND": "jax", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    began = time.perf_counter()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = gpu_models.write(Path(folder), networks.split(","))
        for size in map(int, batches.split(",")):
            rows += _rows(Path(folder), files, size, seconds)
    document = {
        "rows": rows,
        "machine": machine.machine(),
        "device": _device(),
        "versions": _versions(),
        "commit": machine.commit(),
        "at": machine.now(),
        "seconds": seconds,
        "took_s": round(time.perf_counter() - began),
    }
    _show(document)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document, indent=2) + "\n")


def _rows(artifacts: Path, files: dict[str, Path], size: int, seconds: float) -> list[dict[str, Any]]:
    import keras

    held = gpu_models.batches(size, _HELD_BATCHES)
    figures: dict[str, dict[str, Figure]] = {}
    for name, path in files.items():
        model = keras.saving.load_model(path)
        figures[name] = {
            "copies": gpu_steps.copies(held, seconds),
            "bare_tf32": gpu_steps.bare(model, held, seconds, "default"),
            "bare": gpu_steps.bare(model, held, seconds, "highest"),
            "copied": gpu_steps.copied(model, held, seconds),
            "engine": gpu_steps.engine(path, held, seconds),
        }
    with ExitStack() as stack:
        server = stack.enter_context(_server(artifacts, size, len(files)))
        for name in files:
            figures[name]["http"] = gpu_steps.http(server.port, name, held, seconds)
    return [_row(name, size, found) for name, found in figures.items()]


def _server(artifacts: Path, size: int, networks: int) -> Any:
    """Start a server of the networks; it is ready when the one that is loaded last is."""
    environment = {
        "MODISTE_ENGINE": "keras",
        "MODISTE_KERAS_BACKEND": "jax",
        "MODISTE_MAX_BATCH_ROWS": str(size),
        "MODISTE_MAX_ROWS_IN_FLIGHT": str(max(16_384, 16 * size)),
        "MODISTE_MAX_BODY_BYTES": str(_BODY_BYTES),
    }
    every = Request(method="GET", path="/models")

    def all_ready(answer: Answer) -> bool:
        states = [v["state"] for model in json.loads(answer.body)["models"] for v in model["versions"]]
        if "failed" in states:
            raise RuntimeError(f"a version could not be loaded: {answer.body.decode()}")
        return len(states) == networks and set(states) == {"ready"}

    return servers.modiste(artifacts, every, all_ready, environment=environment, start_s=_START_S)


def _row(name: str, size: int, figures: dict[str, Figure]) -> dict[str, Any]:
    rates = {step: figure.images_per_second for step, figure in figures.items()}
    shares = {step: rates[step] / rates[before] for before, step in pairwise(STEPS)}
    return {
        "network": NAMES[name],
        "batch": size,
        **{step: asdict(figure) for step, figure in figures.items()},
        "shares": shares,
        # What is possible with the copies is the lesser of the two.
        "copied_of_possible": rates["copied"] / min(rates["bare"], rates["copies"]),
    }


def _device() -> dict[str, Any]:
    import jax

    first = jax.devices()[0]
    return {"platform": first.platform, "name": first.device_kind, "count": jax.device_count()}


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _show(document: dict[str, Any]) -> None:
    table = Table(title="Images a second; in brackets the share of the column before")
    for column in ("network", "batch", "copies", "bare, TF32", *STEPS, "copied, of possible", "p99 ms"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for row in document["rows"]:
        table.add_row(*_cells(row))
    console = Console(width=150, highlight=False)
    console.print(table)
    device, cpu = document["device"], document["machine"]
    console.print(f"{device['count']} x {device['name']} ({device['platform']})")
    console.print(
        f"{cpu['cores']} cores of {cpu['processor']}; commit {document['commit']}, {document['at']}"
    )
    console.print(
        "copies: what copying in alone allows; p99: of a batch in the engine, of a request over HTTP"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    steps = [
        f"{row[step]['images_per_second']:,.0f}"
        + (
            f" [{'green' if share >= GOAL else 'red'}]({share:.2f})[/]"
            if (share := row["shares"].get(step))
            else ""
        )
        for step in STEPS
    ]
    beside = [f"{row[name]['images_per_second']:,.0f}" for name in ("copies", "bare_tf32")]
    p99 = f"{row['engine']['p99_ms']:.1f}, {row['http']['p99_ms']:.1f}"
    failed = f" ({row['http']['errors']} errors)" if row["http"]["errors"] else ""
    return [
        row["network"],
        str(row["batch"]),
        *beside,
        *steps,
        f"{row['copied_of_possible']:.2f}",
        p99 + failed,
    ]


if __name__ == "__main__":
    typer.run(main)
