"""Ten times as much as can be computed: ``python -m bench.overload``. An open loop against a slow model.

First the peak is looked for: the least rate at which nearly as many good answers a second come back as at
any. A good one is a 200 within the deadline that the request states. Then come multiples of that rate; each
run goes on for some seconds before it counts. What is asked: at ten times the peak, 0.9 of its good answers
a second, and accepted requests that are at most twice as slow.
"""

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from bench import growth_models, machine, servers
from bench.http import Request, send
from bench.open_loop import Answers, OpenLoop
from bench.workloads import ROOT, images

RESULT = ROOT / "bench" / "results" / "reliability" / "overload.json"
STEPS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25)
MULTIPLES = (1, 2, 5, 10)
_NEARLY = 0.97
_LEAST_GOODPUT = 0.9
_MOST_P99 = 2.0
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Point:
    """One run at one rate; `goodput` is of 200s within the deadline a second."""

    rate: float
    goodput: float
    accepted_p50_ms: float
    accepted_p99_ms: float
    refused_p99_ms: float
    statuses: dict[str, int]
    broken: int
    unanswered: int
    without_retry_after: int
    client_share: float
    """Of a core, that the load itself took."""


def main(
    seconds: Annotated[float, typer.Option(min=0.5, help="How long one run counts.")] = 6.0,
    warm: Annotated[float, typer.Option(min=0.0, help="How long each runs before that.")] = 2.0,
    turns: Annotated[int, typer.Option(min=1, help="Runs of each rate; medians are shown.")] = 3,
    deadline_ms: Annotated[int, typer.Option(min=1, help="Stated by each request.")] = 2000,
    parameters: Annotated[int, typer.Option(help="Size of the convolutional model.")] = 4_000_000,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Measure overload. Ends with status 1 where a goal is missed."""
    said = Console(stderr=True, highlight=False)
    plan = Plan(seconds, warm, turns, deadline_ms)
    with tempfile.TemporaryDirectory() as folder:
        said.print("making the model ...")
        (made,) = growth_models.make_apart(Path(folder), [("convolutional", parameters)])
        document = measure(plan, Path(folder), made, lambda line: said.print(line, markup=False))
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    table = Table(*HEADER)
    for row in rows(document):
        table.add_row(*row)
    Console(highlight=False).print(table)
    for line in sentences(document):
        Console(highlight=False).print(line, markup=False)
    if not document["met"]:
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How each rate is run."""

    seconds: float
    warm_s: float
    turns: int
    deadline_ms: int


def measure(plan: Plan, artifacts: Path, made: growth_models.Made, tell: Any) -> dict[str, Any]:
    """Return all figures of one model."""
    body = images()[0][:1].tobytes()
    headers = {"content-type": "application/octet-stream", "x-timeout-ms": str(plan.deadline_ms)}
    request = Request("POST", f"/models/{made.name}/predict", headers, body)
    first = Request("POST", request.path, {"content-type": "application/octet-stream"}, body)
    with servers.modiste(artifacts, first) as server:
        forward_ms = _alone_ms(first, server.port)
        rate = _capacity(request, server.port)
        tell(f"one alone takes {forward_ms:.1f} ms; about {rate:.0f} a second can be computed")
        found = []
        for step in STEPS:
            point = _median([_point(request, server.port, step * rate, plan) for _ in range(plan.turns)])
            tell(f"{point.rate:.0f}/s: {point.goodput:.0f} good, p99 {point.accepted_p99_ms:.0f} ms")
            found.append(point)
        most = max(point.goodput for point in found)
        peak_rate = next(point.rate for point in found if point.goodput >= _NEARLY * most)
        turns: dict[int, list[Point]] = {multiple: [] for multiple in MULTIPLES}
        for _ in range(plan.turns):
            for multiple in MULTIPLES:
                point = _point(request, server.port, multiple * peak_rate, plan)
                turns[multiple].append(point)
                tell(f"{multiple} x: {point.goodput:.0f} good, p99 {point.accepted_p99_ms:.0f} ms")
    points = {multiple: _median(turns[multiple]) for multiple in MULTIPLES}
    goodput = median(
        ten.goodput / one.goodput for ten, one in zip(turns[10], turns[1], strict=True) if one.goodput
    )
    p99 = median(
        ten.accepted_p99_ms / one.accepted_p99_ms for ten, one in zip(turns[10], turns[1], strict=True)
    )
    return {
        "kind": "overload",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "model": {"parameters": made.parameters, "one_alone_ms": forward_ms},
        "plan": asdict(plan),
        "steps": [asdict(point) for point in found],
        "points": {str(multiple): asdict(point) for multiple, point in points.items()},
        "goodput_at_ten": goodput,
        "p99_at_ten": p99,
        "met": min(goodput, points[10].goodput / most) >= _LEAST_GOODPUT and p99 <= _MOST_P99,
    }


HEADER = ("load", "requests/s", "good/s", "p50 ms", "p99 ms", "p99 of a 429, ms", "answers", "client's share")


def rows(document: dict[str, Any]) -> list[list[str]]:
    """Return the rows of the table: the steps on the way to the peak, then its multiples."""
    named = [("", point) for point in document["steps"]]
    named += [(f"{multiple} x peak", point) for multiple, point in document["points"].items()]
    return [
        [
            name,
            f"{point['rate']:,.0f}",
            f"{point['goodput']:,.0f}",
            f"{point['accepted_p50_ms']:.0f}",
            f"{point['accepted_p99_ms']:.0f}",
            f"{point['refused_p99_ms']:.1f}" if "429" in point["statuses"] else "",
            ", ".join(f"{count} x {status}" for status, count in point["statuses"].items()),
            f"{point['client_share']:.2f}",
        ]
        for name, point in named
    ]


def sentences(document: dict[str, Any]) -> list[str]:
    """Return what the figures come to."""
    goodput, p99 = document["goodput_at_ten"], document["p99_at_ten"]
    worst = document["points"].values()
    most = max(point["goodput"] for point in document["steps"])
    of_most = document["points"]["10"]["goodput"] / most
    lost = sum(point["broken"] + point["unanswered"] for point in worst)
    return [
        f"A convolutional model of {document['model']['parameters']:,} parameters, "
        f"{document['model']['one_alone_ms']:.1f} ms for one image alone over HTTP.",
        f"At ten times the peak: {of_most:.2f} of the good answers a second of the best step, and "
        f"{goodput:.2f} of those at the peak in the same turn (goal: {_LEAST_GOODPUT} of both, "
        f"{'met' if min(goodput, of_most) >= _LEAST_GOODPUT else 'missed'}); "
        f"p99 of accepted requests {p99:.2f} times that at the peak "
        f"(goal: {_MOST_P99:g}, {'met' if p99 <= _MOST_P99 else 'missed'}).",
        f"Requests without any answer: {lost}; answers 429 without Retry-After: "
        f"{sum(point['without_retry_after'] for point in worst)}.",
    ]


def _alone_ms(request: Request, port: int) -> float:
    found = []
    for _ in range(20):
        began = time.perf_counter()
        send(request, port)
        found.append(time.perf_counter() - began)
    return median(found) * 1000


def _capacity(request: Request, port: int) -> float:
    """Return roughly how many a second can be computed: what comes back when far too many are asked."""
    answers, _ = _run(request, port, 2000.0, 2.0, 1.0)
    return max(1.0, len(answers.seconds.get(200, [])) / 2.0)


def _point(request: Request, port: int, rate: float, plan: Plan) -> Point:
    answers, share = _run(request, port, rate, plan.seconds, plan.warm_s)
    accepted = np.array(answers.seconds.get(200, []) or [0.0])
    refused = np.array(answers.seconds.get(429, []) or [0.0])
    good = int((accepted <= plan.deadline_ms / 1000).sum()) if answers.seconds.get(200) else 0
    statuses = {str(status): len(times) for status, times in sorted(answers.seconds.items())}
    return Point(
        rate,
        good / plan.seconds,
        float(np.percentile(accepted, 50)) * 1000,
        float(np.percentile(accepted, 99)) * 1000,
        float(np.percentile(refused, 99)) * 1000,
        statuses,
        answers.broken,
        answers.sent - answers.answered - answers.broken,
        answers.without_retry_after,
        share,
    )


def _run(request: Request, port: int, rate: float, seconds: float, warm_s: float) -> tuple[Answers, float]:
    async def run() -> Answers:
        load = OpenLoop(request, port)
        answers = await load.run(rate, seconds, warm_s, _PATIENCE_S)
        await load.close()
        return answers

    began, used = time.perf_counter(), time.process_time()
    answers = uvloop.run(run())
    return answers, (time.process_time() - used) / (time.perf_counter() - began)


def _median(points: list[Point]) -> Point:
    """Return the run whose good answers a second are the median."""
    return sorted(points, key=lambda point: point.goodput)[len(points) // 2]


if __name__ == "__main__":
    typer.run(main)
