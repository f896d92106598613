"""E: single images (A) while bulk requests (D) run, against single images alone.

Two wrk at once. What counts is the latency of a person's one image behind somebody else's thousands; the
single images are measured alone before and after, like the ceiling of the other rows.
"""

from dataclasses import dataclass
from statistics import median

from bench import wrk
from bench.measure import Pace
from bench.servers import Running
from bench.subjects import Subject
from bench.workloads import Workload

CONNECTIONS = (1, 64)
"""Of the single images; the bulk requests have their own."""

_LEAD_S = 0.2
"""How long the bulk runs before the single images begin, and after they ended."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Single images on so many connections, alone and beside the bulk."""

    server: str
    title: str
    connections: int
    bulk_connections: int
    alone_per_second: float
    alone_p50_ms: float
    alone_p99_ms: float
    mixed_per_second: float
    mixed_p50_ms: float
    mixed_p99_ms: float
    mixed_p999_ms: float
    bulk_images_per_second: float
    p99_over_alone: float
    p99_more_ms: float
    errors: int


def measure(
    subject: Subject, server: Running, single: Workload, bulk: Workload, connections: int, pace: Pace
) -> Mix:
    """Measure the mix in turns: alone, mixed, alone."""
    request = subject.requests[single.letter]
    before = wrk.run(request, server.port, connections, pace.seconds)
    turns = []
    for _ in range(pace.repeats):
        both = _both(subject, server, single, bulk, connections, pace.seconds)
        after = wrk.run(request, server.port, connections, pace.seconds)
        turns.append((before, *both, after))
        before = after
    alone_p99_ms = [(one.p99_ms + other.p99_ms) / 2 for one, _, _, other in turns]
    alone = [one for one, _, _, _ in turns]
    mixed = [one for _, one, _, _ in turns]
    beside = [one for _, _, one, _ in turns]
    return Mix(
        server=subject.name,
        title=subject.title,
        connections=connections,
        bulk_connections=bulk.connections[0],
        alone_per_second=median(one.requests_per_second for one in alone),
        alone_p50_ms=median(one.p50_ms for one in alone),
        alone_p99_ms=median(alone_p99_ms),
        mixed_per_second=median(one.requests_per_second for one in mixed),
        mixed_p50_ms=median(one.p50_ms for one in mixed),
        mixed_p99_ms=median(one.p99_ms for one in mixed),
        mixed_p999_ms=median(one.p999_ms for one in mixed),
        bulk_images_per_second=median(one.requests_per_second for one in beside) * bulk.rows,
        p99_over_alone=median(m.p99_ms / p99 for m, p99 in zip(mixed, alone_p99_ms, strict=True)),
        p99_more_ms=median(m.p99_ms - p99 for m, p99 in zip(mixed, alone_p99_ms, strict=True)),
        errors=sum(one.errors for one in (*alone, *mixed, *beside)),
    )


def _both(
    subject: Subject, server: Running, single: Workload, bulk: Workload, connections: int, seconds: float
) -> tuple[wrk.Outcome, wrk.Outcome]:
    bulk_request = subject.requests[bulk.letter]
    with wrk.started(bulk_request, server.port, bulk.connections[0]) as process:
        wrk.wait(process, _LEAD_S)
        outcome = wrk.run(subject.requests[single.letter], server.port, connections, seconds)
        return outcome, wrk.finished(process, _LEAD_S)
