"""Batchers over a compute that tests can watch and hold up."""

import asyncio
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.rows import Rows

NEVER = 1e9

ARRIVALS = st.lists(
    st.tuples(
        st.integers(1, 12),  # rows
        st.sampled_from(["stay", "stay", "leave", "late"]),
        st.integers(0, 3),  # turns of the loop before the next arrival
    ),
    min_size=1,
    max_size=40,
)
"""Random traffic: who comes when, with how much, and whether it waits for its answer."""


def rows(*values: int) -> Rows:
    return np.array(values, np.float32)[:, None]


def double(batch: Rows) -> Rows:
    return batch * 2


class Recorder:
    """A compute that keeps the sizes of its batches, and can be held up to let requests gather."""

    def __init__(self, answer: Callable[[Rows], Rows] = double) -> None:
        self.sizes: list[int] = []
        self.seen: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self._answer = answer

    async def __call__(self, batch: Rows) -> Rows:
        self.sizes.append(len(batch))
        self.seen += batch[:, 0].tolist()
        self.entered.set()
        await self.gate.wait()
        return self._answer(batch)

    async def hold(self, batcher: Batcher) -> "asyncio.Future[Rows]":
        """Start one batch and keep it computing."""
        self.gate.clear()
        first = batcher.submit(rows(-1), NEVER)
        await self.entered.wait()
        return first


def started(
    compute: object, max_batch: int = 8, in_flight: int = 1000, clock=lambda: 0.0, batches: int = 1
) -> Batcher:
    batcher = Batcher(compute, BatchPolicy(max_batch, in_flight), batches, clock)
    batcher.start()
    return batcher


def run(main) -> None:
    asyncio.run(asyncio.wait_for(main, 20))
