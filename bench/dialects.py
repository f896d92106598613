"""What a protocol costs: each beside our own, one image a request: ``python -m bench.dialects``.

The two are asked in turns, so that a machine that changes its speed changes it for both, and the ratio of
a pair is the median over its turns.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import machine, servers, wrk
from bench.http import Request, send, settle
from bench.measure import Pace
from bench.workloads import artifacts, images, workloads

_PIXELS = images()[0][:1]
_V2 = "/v2/models/fashion_mnist/infer"
_WARM_S = 0.3


@dataclass(frozen=True, slots=True)
class Pair:
    """A request in another protocol, the one that it is compared with, and the ratio that is the goal."""

    title: str
    request: Request
    ours: Request
    goal: float


def pairs() -> list[Pair]:
    """Return what is compared: the same pixels, as bytes or as JSON."""
    as_json, as_bytes = workloads()["A"].request, workloads()["C"].request
    return [
        Pair("Open Inference, binary in and out", _binary(), as_bytes, 0.9),
        Pair("Open Inference, JSON", _json(), as_json, 0.8),
        Pair("TensorFlow Serving, JSON", _tensorflow_serving(), as_json, 0.8),
    ]


def main(
    seconds: Annotated[float, typer.Option(min=0.2, help="How long one measurement takes.")] = 1.0,
    turns: Annotated[int, typer.Option(min=1, help="Turns of each pair; medians are shown.")] = 9,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    """Measure every pair at 1 and at 64 connections, and print requests a second and their ratios."""
    wrk.require()
    found = measure(Pace(seconds, turns))
    table = Table(*HEADER)
    for row in found["rows"]:
        table.add_row(*cells(row))
    Console().print(table)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(found, indent=1) + "\n")


def measure(pace: Pace) -> dict[str, Any]:
    """Return the figures of every pair."""
    first = workloads()["A"]
    rows = []
    with artifacts() as folder, servers.modiste(folder, first.request, first.good) as server:
        for pair in pairs():
            answer = send(pair.request, server.port)
            if answer.status != 200:
                raise SystemExit(f"{pair.title}: {answer.status} {answer.body[:200]!r}")
            rows += [_measured(pair, server.port, connections, pace) for connections in (1, 64)]
    return {
        "kind": "dialects",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "rows": rows,
    }


HEADER = ("protocol", "connections", "requests/s", "ours", "ratio", "goal", "errors")


def cells(row: dict[str, Any]) -> list[str]:
    """Return a row of the figures as it is shown."""
    rates = [f"{row['requests_per_second']:,.0f}", f"{row['ours_per_second']:,.0f}"]
    verdict = f"{row['goal']}, {'met' if row['ratio'] >= row['goal'] else 'missed'}"
    return [row["title"], str(row["connections"]), *rates, f"{row['ratio']:.2f}", verdict, str(row["errors"])]


def _measured(pair: Pair, port: int, connections: int, pace: Pace) -> dict[str, Any]:
    theirs: list[float] = []
    ours: list[float] = []
    errors = 0
    for request in (pair.request, pair.ours):
        wrk.run(request, port, connections, _WARM_S)
    for _ in range(pace.repeats):
        for request, found in ((pair.request, theirs), (pair.ours, ours)):
            outcome = wrk.run(request, port, connections, pace.seconds)
            settle(request, port)
            found.append(outcome.requests_per_second)
            errors += outcome.errors
    return {
        "title": pair.title,
        "connections": connections,
        "requests_per_second": median(theirs),
        "ours_per_second": median(ours),
        "ratio": median(their / our for their, our in zip(theirs, ours, strict=True)),
        "goal": pair.goal,
        "errors": errors,
    }


def _tensor(**more: object) -> dict[str, object]:
    return {"name": "input_layer", "shape": [1, 28, 28], "datatype": "UINT8", **more}


def _binary() -> Request:
    """As Triton's client writes it: JSON, the pixels behind it, and the answer in the same form."""
    tensor = _tensor(parameters={"binary_data_size": _PIXELS.nbytes})
    head = _compact({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    headers = {"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"}
    return Request("POST", _V2, headers, head + _PIXELS.tobytes())


def _json() -> Request:
    document = {"inputs": [_tensor(data=_PIXELS.reshape(-1).tolist())]}
    return Request("POST", _V2, {"content-type": "application/json"}, _compact(document))


def _tensorflow_serving() -> Request:
    body = _compact({"instances": _PIXELS.tolist()})
    path = "/v1/models/fashion_mnist:predict"
    return Request("POST", path, {"content-type": "application/json"}, body)


def _compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


if __name__ == "__main__":
    typer.run(main)
