"""One row: a server under one workload at one number of connections, with the ceiling before and after.

A shared machine changes its speed. So the two are asked in turns (ceiling, server, ceiling, server, ceiling),
each figure of the server is compared with the mean of the ceiling's on both sides of it, and the row holds
the medians over its turns. A server so slow that a turn would hold few answers gets one long turn, and
what it still has to answer from one run is waited for before the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench import processes, wrk
from bench.http import Request, settle
from bench.limit import Parts
from bench.servers import Running
from bench.subjects import Subject
from bench.workloads import Workload

_WARM_S = 0.3
_SLOW_S = 8.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one measurement takes, and how many of them a row has."""

    seconds: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one row. Times are in milliseconds, memory is of all the server's processes.

    `share` is of the ceiling's requests a second, `p99_over_ceiling` a multiple of its p99;
    `limit_per_second` is what the parts of a request would allow (see `bench.limit`) and
    `share_of_limit` how much of that was reached: for this server alone, with one worker.
    """

    workload: str
    connections: int
    server: str
    title: str
    requests_per_second: float
    images_per_second: float
    ceiling_per_second: float
    share: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    ceiling_p99_ms: float
    p99_over_ceiling: float
    errors: int
    pss_mib: float
    rss_mib: float
    cpu_s_per_1000: float
    cold_start_s: float
    limit_per_second: float | None = None
    share_of_limit: float | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    """One measurement of the server, with the ceiling's mean of the two beside it."""

    outcome: wrk.Outcome
    cpu_s: float
    ceiling_per_second: float
    ceiling_p99_ms: float


def measure(
    subject: Subject,
    server: Running,
    workload: Workload,
    connections: int,
    ceiling: tuple[Running, Request],
    pace: Pace,
    parts: Parts | None = None,
) -> Row:
    """Measure one row; `parts` gives it its limit."""
    request = subject.requests[workload.letter]
    turns = _turns(request, server, ceiling, connections, pace)
    tops = [turn.ceiling_per_second for turn in turns]
    outcomes = [turn.outcome for turn in turns]
    rates = [outcome.requests_per_second for outcome in outcomes]
    limits = [parts.per_second(workload, connections, top) for top in tops] if parts else None
    return Row(
        workload=workload.letter,
        connections=connections,
        server=subject.name,
        title=subject.title,
        requests_per_second=median(rates),
        images_per_second=median(rates) * workload.rows,
        ceiling_per_second=median(tops),
        share=_median_ratio(rates, tops),
        p50_ms=median(outcome.p50_ms for outcome in outcomes),
        p99_ms=median(outcome.p99_ms for outcome in outcomes),
        p999_ms=median(outcome.p999_ms for outcome in outcomes),
        ceiling_p99_ms=median(turn.ceiling_p99_ms for turn in turns),
        p99_over_ceiling=median(turn.outcome.p99_ms / turn.ceiling_p99_ms for turn in turns),
        errors=sum(outcome.errors for outcome in outcomes),
        pss_mib=processes.pss_mib(server.pid),
        rss_mib=processes.rss_mib(server.pid),
        cpu_s_per_1000=_per_thousand(turns, workload.rows),
        cold_start_s=server.cold_start_s,
        limit_per_second=median(limits) if limits else None,
        share_of_limit=_median_ratio(rates, limits) if limits else None,
    )


def _turns(
    request: Request, server: Running, ceiling: tuple[Running, Request], connections: int, pace: Pace
) -> list[_Turn]:
    top, top_request = ceiling
    wrk.run(top_request, top.port, connections, min(_WARM_S, pace.seconds))
    warm = wrk.run(request, server.port, connections, min(_WARM_S, pace.seconds))
    seconds, repeats = pace.seconds, pace.repeats
    if warm.requests < 2 * connections and warm.requests_per_second * pace.seconds < 2 * connections:
        seconds, repeats = max(_SLOW_S, pace.seconds), 1
    before = wrk.run(top_request, top.port, connections, pace.seconds)
    turns = []
    for _ in range(repeats):
        settle(request, server.port)
        cpu_s = processes.cpu_s(server.pid)
        outcome = wrk.run(request, server.port, connections, seconds)
        cpu_s = processes.cpu_s(server.pid) - cpu_s
        after = wrk.run(top_request, top.port, connections, pace.seconds)
        rate = (before.requests_per_second + after.requests_per_second) / 2
        turns.append(_Turn(outcome, cpu_s, rate, (before.p99_ms + after.p99_ms) / 2))
        before = after
    return turns


def _median_ratio(values: Sequence[float], of: Sequence[float]) -> float:
    return median(value / whole for value, whole in zip(values, of, strict=True))


def _per_thousand(turns: list[_Turn], rows: int) -> float:
    """Return the seconds of processor time for 1,000 predictions; 0 where none was answered."""
    predictions = sum(turn.outcome.requests for turn in turns) * rows
    return sum(turn.cpu_s for turn in turns) / predictions * 1000 if predictions else 0.0
