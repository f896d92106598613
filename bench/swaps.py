"""Version swaps under full load, with every answer checked: ``make swaps``, or ``python -m bench.swaps``.

Two workers answer as fast as they can, for the model's name and for a label of it. Meanwhile versions are
published, promoted by the label, rolled back by it, withdrawn, and published broken. No request may fail,
each answer must have the numbers of the version that it names, and that version must be one that was in force
at some moment between the request and the answer. How many answers came by the version before, though they
were asked for after the label's PUT was answered, or after the new version was seen, are figures too.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine, processes, servers
from bench.http import Answer, Request, send
from bench.report import figures_table
from bench.swap_load import Asked, asking
from bench.swap_versions import publish, withdraw
from bench.workloads import ROOT, workloads

RESULT = ROOT / "bench" / "results" / "reliability" / "swaps.json"
_NAME = "fashion_mnist"
_LABEL = f"/models/{_NAME}/labels/stable"
_ASKED_NAME, _ASKED_LABEL = "/predict", f"{_LABEL}/predict"
_ASKED = {_ASKED_NAME: "/predict", _ASKED_LABEL: _LABEL}
"""What is asked, and the path of a swap that changes who answers it."""

_FIRST = "first"
_CLIENTS = 2
_SWAP_S = 60.0
_POLL_S = 0.02
_SAME = 8
"""Answers on connections of their own that must agree, before a swap counts as seen by all workers."""

_LATE_S = 5.0
"""An answer by a version that was replaced longer ago is wrong, not late."""


@dataclass(frozen=True, slots=True)
class Swap:
    """One change of the version that a path asks: when it began, and when it was answered or seen."""

    kind: str
    path: str
    version: int
    began: float
    ended: float


@dataclass(slots=True)
class Result:
    """What a run came to.

    `late` holds, by the path of the swap, how many seconds after it an answer was asked for that missed it.
    """

    swaps: list[Swap] = field(default_factory=list)
    broken: int = 0
    answers: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    late: dict[str, list[float]] = field(default_factory=lambda: {_LABEL: [], "/predict": []})
    memory_mib: tuple[float, float] = (0.0, 0.0)

    def figures(self) -> dict[str, Any]:
        """Return what is to be shown."""
        by_kind: dict[str, list[float]] = defaultdict(list)
        for swap in self.swaps:
            by_kind[swap.kind].append(swap.ended - swap.began)
        return {
            "swaps": len(self.swaps),
            **{f"swaps: {kind}": len(times) for kind, times in by_kind.items()},
            "broken versions published meanwhile, each refused with its reason": self.broken,
            "minutes": self.seconds / 60,
            "answers, each checked": self.answers,
            "answers a second": self.answers / self.seconds,
            "failed or wrong": len(self.wrong),
            "by the version before, asked after the label's PUT was answered": len(self.late[_LABEL]),
            "the latest of those, s": max(self.late[_LABEL], default=0.0),
            "by the version before, asked after the new one was seen": len(self.late["/predict"]),
            "the latest of these, s": max(self.late["/predict"], default=0.0),
            **{f"{kind}: seconds, median": median(times) for kind, times in by_kind.items()},
            **{f"{kind}: seconds, longest": max(times) for kind, times in by_kind.items()},
            "resident memory of all processes at half, MiB": self.memory_mib[0],
            "resident memory of all processes at the end, MiB": self.memory_mib[1],
        }


def main(
    swaps: Annotated[int, typer.Option(help="How many swaps.")] = 200,
    workers: Annotated[int, typer.Option(help="Worker processes of the server.")] = 2,
    connections: Annotated[int, typer.Option(help="Connections of each of two client processes.")] = 8,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Swap versions under load. Ends with status 1 where a request failed or an answer was wrong."""
    result = run(swaps, workers=workers, connections=connections)
    document = {
        "kind": "swaps",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "figures": result.figures(),
        "wrong": result.wrong[:100],
    }
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    Console(highlight=False).print(figures_table(document), markup=False)
    if result.wrong:
        print(f"wrong: {result.wrong[:10]}", file=sys.stderr)
        sys.exit(1)


def run(swaps: int, *, workers: int = 2, connections: int = 8, watch_ms: int = 50) -> Result:
    """Swap versions so often while every answer is checked.

    Raises:
        RuntimeError: a swap did not come.
    """
    result = Result()
    with tempfile.TemporaryDirectory() as folder:
        artifacts, keys = Path(folder) / "artifacts", Path(folder) / "keys.json"
        key = _admin_key(keys)
        publish(artifacts / _NAME, 1)
        environment = {"MODISTE_KEYS_FILE": str(keys), "MODISTE_WATCH_INTERVAL_MS": str(watch_ms)}
        request = workloads()["A"].request
        with servers.modiste(artifacts, request, workers=workers, environment=environment) as server:
            operator = _Operator(artifacts / _NAME, server.port, key, request, result)
            operator.begin()
            with asking(request, server.port, list(_ASKED), _CLIENTS, connections) as asked:
                began = time.monotonic()
                memory = []
                for step in itertools.islice(operator.steps(), swaps):
                    step()
                    memory.append(processes.rss_mib(server.pid))
                result.seconds = time.monotonic() - began
                result.memory_mib = (_mean_at(memory, len(memory) // 2), _mean_at(memory, len(memory)))
    _judge(result, asked)
    return result


def _mean_at(samples: Sequence[float], end: int) -> float:
    """Return the mean of the tenth of all samples that ends there."""
    return mean(samples[max(0, end - max(1, len(samples) // 10)) : end] or samples[:1])


class _Operator:
    """Publishes, promotes, rolls back and withdraws, one after another, and writes down when."""

    def __init__(self, model: Path, port: int, key: str, request: Request, result: Result) -> None:
        self._model = model
        self._port = port
        self._key = key
        self._request = request
        self._result = result
        self._serving = 1
        self._numbers = itertools.count(2)

    def begin(self) -> None:
        """Point the label at the first version; it and the name are known to every worker then."""
        self._point(1, _FIRST)
        _wait(lambda: self._answers_everywhere(1, _ASKED_LABEL), "the label to be known")
        self._result.swaps.append(Swap(_FIRST, "/predict", 1, 0.0, 0.0))

    def steps(self) -> Iterator[Callable[[], None]]:
        """Yield one swap after another, without an end; a broken version is published in between."""
        while True:
            trial, older = next(self._numbers), self._serving
            yield partial(self._publish, trial)
            yield partial(self._point, trial, "promoted by the label")
            yield partial(self._point, older, "rolled back by the label")
            yield partial(self._withdraw, trial, older)
            self._publish_broken(next(self._numbers))
            self._serving = next(self._numbers)
            yield partial(self._publish, self._serving)
            yield partial(self._point, self._serving, "promoted by the label")
            for folder in self._model.iterdir():
                if not folder.name.startswith(".") and int(folder.name) < older:
                    withdraw(self._model, int(folder.name))

    def _publish(self, version: int) -> None:
        began = time.monotonic()
        publish(self._model, version)
        self._seen("published", version, began)

    def _withdraw(self, version: int, older: int) -> None:
        began = time.monotonic()
        withdraw(self._model, version)
        self._seen("withdrawn", older, began)

    def _seen(self, kind: str, version: int, began: float) -> None:
        _wait(lambda: self._answers_everywhere(version, _ASKED_NAME), f"version {version} to answer")
        self._result.swaps.append(Swap(kind, "/predict", version, began, time.monotonic()))

    def _point(self, version: int, kind: str) -> None:
        body = json.dumps({"version": version}).encode()
        put = Request("PUT", _LABEL, {"authorization": f"Bearer {self._key}"}, body)
        began = time.monotonic()
        answer = send(put, self._port)
        if answer.status != 200:
            raise RuntimeError(f"the label was not moved: {answer.body.decode()}")
        self._result.swaps.append(Swap(kind, _LABEL, version, began, time.monotonic()))

    def _publish_broken(self, version: int) -> None:
        publish(self._model, version, broken=True)

        def refused() -> bool:
            (model,) = json.loads(send(Request("GET", "/models"), self._port).body)["models"]
            found = {one["version"]: one for one in model["versions"]}.get(version, {})
            return found.get("state") == "failed" and "SHA-256" in found["reason"]

        _wait(refused, f"the broken version {version} to be refused")
        withdraw(self._model, version)
        self._result.broken += 1

    def _answers_everywhere(self, version: int, path: str) -> bool:
        request = replace(self._request, path=path)
        return all(_version(send(request, self._port)) == version for _ in range(_SAME))


def _judge(result: Result, asked: Sequence[Asked]) -> None:
    """Tell of every answer whether its version was in force, was in force shortly before, or is wrong."""
    for one in asked:
        swaps = [swap for swap in result.swaps if swap.path == _ASKED[one.path]]
        result.wrong += [f"{one.path}: {what}" for what in one.wrong]
        result.answers += len(one.answers)
        for sent, answered, version in one.answers:
            late_s = late_by(swaps, sent, answered, version)
            if late_s is None or late_s > _LATE_S:
                result.wrong.append(f"{one.path}: version {version} was not in force")
            elif late_s > 0:
                result.late[_ASKED[one.path]].append(late_s)
    result.swaps = [swap for swap in result.swaps if swap.kind != _FIRST]


def late_by(swaps: Sequence[Swap], sent: float, answered: float, version: int) -> float | None:
    """Return by how much an answer missed the swap that replaced its version: 0 where it missed none.

    Between the beginning of a swap and its end both versions are in force. None: it never was by then.

    Args:
        swaps: those of the path that was asked, in order.
        sent: when it was asked.
        answered: when the answer was there.
        version: which version answered.
    """
    begun = bisect_right(swaps, answered, key=lambda swap: swap.began)
    for index in range(begun - 1, -1, -1):
        if swaps[index].version == version:
            replaced_by = swaps[index + 1] if index + 1 < len(swaps) else None
            return 0.0 if replaced_by is None else max(0.0, sent - replaced_by.ended)
    return None


def _version(answer: Answer) -> int | None:
    return int(json.loads(answer.body)["version"]) if answer.status == 200 else None


def _wait(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SWAP_S
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {_SWAP_S:g} s for {what}")
        time.sleep(_POLL_S)


def _admin_key(file: Path) -> str:
    command = [sys.executable, "-m", "modiste", "key", "new", "operator", "--scope", "admin"]
    command += ["--file", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    typer.run(main)
