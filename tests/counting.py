"""Clients of a real batcher who count, with a clock that the tests move."""

import asyncio

from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.batching.entry import Entry
from service.errors import Overloaded, ServingError
from service.rows import Rows
from service.statistics.counts import Counts
from service.statistics.requests import CANCELLED
from tests.batchers import NEVER

MS = 1_000_000
"""Nanoseconds."""

PROTOCOL = "modiste"


class Clock:
    """Stands still but when told; its steps have no error in binary."""

    def __init__(self) -> None:
        self.now = 1024.0

    def __call__(self) -> float:
        return self.now


class Clients:
    """Asks a batcher as a connection does, and counts as one does."""

    def __init__(self, counts: Counts, batcher: Batcher, clock: Clock) -> None:
        self.counts, self.batcher, self.clock = counts, batcher, clock
        self.answered: list[Entry] = []
        self.failed: list[str] = []
        self.admitted = 0

    def ask(self, asked: Rows, deadline: float = NEVER, decode_s: float = 0.0, encode_s: float = 0.0):
        """Ask; return the entry, or None where it is refused."""
        read_at = self.clock.now
        self.clock.now += decode_s
        made: list[Entry] = []

        def done(outputs: Rows | None, error: ServingError | None) -> None:
            if outputs is None:
                self.fail(error.code, read_at)
                return
            self.clock.now += encode_s
            self.answered.append(made[0])
            self.counts.answered(PROTOCOL, made[0], read_at, self.clock.now)

        try:
            made.append(self.batcher.admit(asked, deadline, done))
        except Overloaded as error:
            self.fail(error.code, read_at)
            return None
        self.admitted += 1
        return made[0]

    def leave(self, entry: Entry) -> None:
        """Leave, as a connection does that ends while it waits for its answer."""
        if not entry.settled:
            self.batcher.leave(entry)
            self.fail(CANCELLED, entry.admitted_at)

    def fail(self, reason: str, since: float) -> None:
        self.failed.append(reason)
        self.counts.failed(PROTOCOL, reason, self.clock.now - since)


def setting(compute, max_batch: int = 8, in_flight: int = 1000, batches: int = 1) -> Clients:
    clock, counts = Clock(), Counts("m", 1)
    batcher = Batcher(compute, BatchPolicy(max_batch, in_flight), batches, clock, counts)
    batcher.start()
    return Clients(counts, batcher, clock)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)
