"""What came of every request of a chaos run, and whether it may have."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

UNKNOWN = "unknown"
"""The worker of a connection on which nothing was answered yet."""

_AFTER_S = 1.0
"""A connection is told so long after a kill at the latest that it is gone: the loopback is quick."""


@dataclass(slots=True)
class Kill:
    """A worker that was killed or stopped, from then until it was surely gone.

    `worker` is the id by which its answers told it, as soon as one of its connections is lost; `lost` counts
    the requests that went with it.
    """

    what: str
    began: float
    ended: float = float("inf")
    worker: str = UNKNOWN
    lost: int = 0


class Tally:
    """Counts, and keeps what must not be."""

    def __init__(self) -> None:
        self.statuses: dict[str, Counter[str]] = {}
        self.wrong: list[str] = []
        self.kills: list[Kill] = []
        self.events: Counter[str] = Counter()
        self.checked = 0

    def count(self, kind: str, what: str) -> None:
        """Count how a request ended."""
        self.statuses.setdefault(kind, Counter())[what] += 1

    def blame(self, text: str) -> None:
        """Keep what must not be."""
        self.wrong.append(text)

    def kill(self, what: str) -> Kill:
        """Note that a worker is about to go."""
        self.events[what] += 1
        kill = Kill(what, time.monotonic())
        self.kills.append(kill)
        return kill

    def lost(self, kind: str, began: float, worker: str, why: str) -> None:
        """Count a request without an answer: the one worker that went meanwhile had it, or it must not be."""
        now = time.monotonic()
        meanwhile = [one for one in self.kills if one.began <= now and began <= one.ended + _AFTER_S]
        its = [one for one in meanwhile if UNKNOWN in (worker, one.worker) or worker == one.worker]
        if its:
            kill = next((one for one in its if one.worker == worker), its[-1])
            kill.worker = worker if kill.worker == UNKNOWN else kill.worker
            kill.lost += 1
            self.count(kind, "lost with its worker")
        else:
            self.count(kind, "lost")
            gone = ", ".join(one.worker for one in meanwhile) or "none"
            self.blame(f"{kind}: no answer of worker {worker}, while of the workers went {gone}: {why}")

    def figures(self) -> dict[str, Any]:
        """Return the figures as they are shown."""
        totals: Counter[str] = Counter()
        for counts in self.statuses.values():
            totals += counts
        return {
            "requests": sum(totals.values()),
            "answers 200, each checked": self.checked,
            **{f"ended with {what}": count for what, count in sorted(totals.items()) if what != "200"},
            **{what: count for what, count in sorted(self.events.items())},
            "what must not be": len(self.wrong),
        }
