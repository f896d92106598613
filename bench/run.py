"""A run: each server on its own beside the ceiling, row by row, into one document."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from bench import limit, machine, measure, mixed, servers
from bench.goals import goals
from bench.http import Answer, Request, send
from bench.limit import Parts
from bench.measure import Pace, Row
from bench.mixed import Mix
from bench.servers import Running
from bench.subjects import ONE, Modiste, Subject
from bench.workloads import Workload, workloads

SCHEMA = 1
MIXED = "E"
_LONGEST_S = 5.0
"""A row whose answers would take longer, by the rate at fewer connections, is not measured."""
Say = Callable[[str], None]
Answers = Mapping[str, Answer]


class WrongAnswer(Exception):
    """This server's answer is not one to the images that were sent: its speed says nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures. `connections` chooses from the workloads' own; None takes all."""

    letters: str
    subjects: Sequence[Subject]
    pace: Pace
    connections: Mapping[str, Sequence[int]] | None = None

    def rows_of(self, subject: Subject) -> list[tuple[Workload, int]]:
        """Return the workloads that a subject is measured with, and the connections."""
        chosen = [
            w for w in workloads().values() if w.letter in self.letters and w.letter in subject.requests
        ]
        return [(w, count) for w in chosen for count in self._counts(w.letter, w.connections)]

    def mixes_of(self, subject: Subject) -> Sequence[int]:
        """Return the connections of the single images in the mix; nothing where it is not measured."""
        if MIXED not in self.letters or subject is not ONE:
            return ()
        return self._counts(MIXED, mixed.CONNECTIONS)

    def _counts(self, letter: str, otherwise: Sequence[int]) -> Sequence[int]:
        return otherwise if self.connections is None else self.connections.get(letter, ())


@dataclass(slots=True)
class Figures:
    """What a run has measured so far; `skipped` says why a server or a row was left out."""

    rows: list[Row] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def run(plan: Plan, say: Say) -> dict[str, Any]:
    """Measure a plan and return the document of it; `say` takes a line about each step.

    Raises:
        WrongAnswer: this server is fast and wrong.
    """
    began = time.perf_counter()
    parts = limit.measure_apart()
    answers, cold_starts_s = _reference(plan.pace.repeats)
    figures = Figures()
    with servers.ceiling() as top:
        for subject in plan.subjects:
            try:
                subject.install()
                with subject.run() as server:
                    if subject is ONE:
                        server = replace(server, cold_start_s=median(cold_starts_s))
                    _measure(plan, subject, server, _Ceiling(top, answers), parts, figures, say)
            except Exception as error:
                # A peer may fail in ways of its own, and the others are measured all the same.
                if isinstance(subject, Modiste):
                    raise
                figures.skipped[subject.name] = _first_line(error)
                say(f"{subject.name} is left out: {_first_line(error)}")
    reached = goals(figures.rows, figures.mixes, parts)
    return {
        "kind": "bench",
        "schema": SCHEMA,
        "at": machine.now(),
        "commit": machine.commit(),
        "took_s": round(time.perf_counter() - began),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "pace": asdict(plan.pace),
        "workloads": {workload.letter: workload.title for workload in workloads().values()},
        "parts": asdict(parts) | {"images_per_second": parts.images_per_second},
        "cold_starts_s": cold_starts_s,
        "rows": [asdict(row) for row in figures.rows],
        "mixes": [asdict(mix) for mix in figures.mixes],
        "goals": [asdict(goal) | {"met": goal.met, "text": goal.as_text()} for goal in reached],
        "notes": figures.notes,
        "skipped": figures.skipped,
    }


@dataclass(frozen=True, slots=True)
class _Ceiling:
    """The ceiling, asked with a workload's own body for an answer as long as this server's."""

    server: Running
    answers: Answers

    def request(self, workload: Workload) -> Request:
        return replace(workload.request, path=f"/{len(self.answers[workload.letter].body)}")


def _measure(
    plan: Plan, subject: Subject, server: Running, top: _Ceiling, parts: Parts, figures: Figures, say: Say
) -> None:
    figures.notes[subject.title] = subject.notes
    rates: dict[str, float] = {}
    for workload, count in plan.rows_of(subject):
        if workload.letter in rates and rates[workload.letter] * _LONGEST_S < count:
            reason = f"an answer would take longer than {_LONGEST_S:g} s"
            figures.skipped[f"{subject.title}, {workload.letter} at {count}"] = reason
            continue
        answer = send(subject.requests[workload.letter], server.port)
        if isinstance(subject, Modiste) and not workload.good(answer):
            raise WrongAnswer(f"{workload.letter}: {answer.status} {answer.body[:200]!r}")
        beside = (top.server, top.request(workload))
        limits = parts if subject is ONE else None
        row = measure.measure(subject, server, workload, count, beside, plan.pace, limits)
        figures.rows.append(row)
        rates[workload.letter] = row.requests_per_second
        say(
            f"{subject.title}: {row.workload} at {count}: {row.requests_per_second:,.0f} requests/s, "
            f"{row.share:.2f} of the ceiling, p99 {row.p99_ms:.1f} ms, {row.errors} errors"
        )
    for count in plan.mixes_of(subject):
        single, bulk = workloads()["A"], workloads()["D"]
        mix = mixed.measure(subject, server, single, bulk, count, plan.pace)
        figures.mixes.append(mix)
        say(
            f"{subject.title}: {MIXED} at {count}: p99 {mix.mixed_p99_ms:.1f} ms beside bulk, "
            f"{mix.alone_p99_ms:.1f} alone"
        )


def _reference(repeats: int) -> tuple[Answers, list[float]]:
    """Start this server some times; return its answers by workload, and the cold starts in seconds."""
    answers: dict[str, Answer] = {}
    cold_starts_s = []
    for _ in range(repeats):
        with ONE.run() as server:
            cold_starts_s.append(server.cold_start_s)
            answers = {letter: send(request, server.port) for letter, request in ONE.requests.items()}
    return answers, cold_starts_s


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
