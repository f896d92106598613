"""The goals, each beside what was measured: met or missed. One whose rows were not measured is left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.limit import Parts
from bench.measure import Row
from bench.mixed import Mix
from bench.subjects import OURS

_SHARES = {
    ("A", 1): 0.45,
    ("A", 64): 0.55,
    ("A", 256): 0.50,
    ("B", 8): 0.12,
    ("C", 64): 0.60,
    ("D", 4): 0.30,
}
_P99_OVER_CEILING = {("A", 64): 2.5}
_OF_LIMIT = 0.85
_OF_BARE = 0.9
_TIMES_PEER = {"triton": 2.0, "litserve": 10.0, "mlserver": 10.0, "bentoml": 10.0, "ray": 10.0}
_PEER_ROWS = {"triton": (("A", 64),)}
_EVERY_PEER_ROWS = (("A", 64), ("B", 8))
_COLD_START_S = 2.0
_WORKER_MB = 130.0
_MIXED_TIMES = 3.0
_MIXED_MORE_MS = 5.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: `measured` is to be at least, or at most, the `target`."""

    what: str
    target: float
    measured: float
    unit: str
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def as_text(self) -> tuple[str, str, str, str]:
        """Return what, target, measured and the verdict, as they are shown."""
        bound = "at least" if self.at_least else "at most"
        return (
            self.what,
            f"{bound} {_shown(self.target, self.unit)}",
            _shown(self.measured, self.unit),
            "met" if self.met else "missed",
        )


def goals(rows: list[Row], mixes: list[Mix], parts: Parts) -> list[Goal]:
    """Return every goal that the rows say something of."""
    ours = {(row.workload, row.connections): row for row in rows if row.server == OURS}
    return [
        *_of_rows(ours, parts),
        *_of_process(list(ours.values())),
        *_of_peers(ours, rows),
        *_of_mixes([mix for mix in mixes if mix.server == OURS]),
    ]


def _of_rows(ours: dict[tuple[str, int], Row], parts: Parts) -> Iterator[Goal]:
    for key, target in _SHARES.items():
        if key in ours:
            yield Goal(f"{_named(key)}: share of the ceiling", target, ours[key].share, "")
    for key, target in _P99_OVER_CEILING.items():
        if key in ours:
            yield Goal(
                f"{_named(key)}: p99 against the ceiling's", target, ours[key].p99_over_ceiling, "x", False
            )
    for key, row in ours.items():
        if row.share_of_limit is not None:
            yield Goal(f"{_named(key)}: share of its limit", _OF_LIMIT, row.share_of_limit, "")
    if ("D", 4) in ours:
        share = ours["D", 4].images_per_second / parts.images_per_second
        yield Goal("D at 4: images/s as a share of bare ONNX Runtime's", _OF_BARE, share, "")


def _of_process(ours: list[Row]) -> Iterator[Goal]:
    if ours:
        # Resident, not shared out: pages that other processes happen to hold too are no merit of ours.
        most_mb = max(row.rss_mib for row in ours) * 2**20 / 1e6
        yield Goal("cold start to the first right answer", _COLD_START_S, ours[0].cold_start_s, " s", False)
        yield Goal("resident memory of a worker", _WORKER_MB, most_mb, " MB", False)
        yield Goal("errors", 0, sum(row.errors for row in ours), "", False)


def _of_peers(ours: dict[tuple[str, int], Row], rows: list[Row]) -> Iterator[Goal]:
    for row in rows:
        key = (row.workload, row.connections)
        if row.server not in _TIMES_PEER or key not in ours or not row.share:
            continue
        if key in _PEER_ROWS.get(row.server, _EVERY_PEER_ROWS):
            ratio = ours[key].share / row.share
            what = f"{_named(key)}: share of the ceiling, times that of {row.title}"
            yield Goal(what, _TIMES_PEER[row.server], ratio, "x")


def _of_mixes(mixes: list[Mix]) -> Iterator[Goal]:
    for mix in mixes:
        what = f"E: p99 of single images at {mix.connections} beside bulk"
        if mix.connections == 1:
            yield Goal(f"{what}, more than alone", _MIXED_MORE_MS, mix.p99_more_ms, " ms", False)
        else:
            yield Goal(f"{what}, against alone", _MIXED_TIMES, mix.p99_over_alone, "x", False)


def _named(key: tuple[str, int]) -> str:
    return f"{key[0]} at {key[1]}"


def _shown(value: float, unit: str) -> str:
    return f"{value:.3g}{unit}" if value < 1000 else f"{value:,.0f}{unit}"
