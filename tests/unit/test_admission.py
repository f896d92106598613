"""Who is refused where it is known how long batches take: invariant 12 of `service.batching`."""

import asyncio
import math
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.batching.pace import Pace
from service.errors import DeadlineExceeded, Overloaded, ServingError
from tests.batchers import ARRIVALS, NEVER, Recorder, double, rows, run

SLOW = {1: 0.1, 2: 0.2, 4: 0.4, 8: 0.8}
"""A tenth of a second a row; so batches are of one."""
WAIT_S = 1.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def slow_batcher(compute: object, clock: Clock, max_wait_s: float = WAIT_S, in_flight: int = 1000) -> Batcher:
    batcher = Batcher(compute, BatchPolicy(8, in_flight, max_wait_s), clock=clock, pace=Pace(SLOW))
    batcher.start()
    return batcher


def admitted(batcher: Batcher, most: int = 100, count: int = 1) -> list[asyncio.Future]:
    """Submit until one is refused."""
    found = []
    for number in range(most):
        try:
            found.append(batcher.submit(rows(*[number] * count), NEVER))
        except Overloaded:
            break
    return found


def test_12_what_would_wait_too_long_is_refused_at_once_and_told_when_to_come_again():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock, max_wait_s=2.0)
        held = await compute.hold(batcher)
        waiting = admitted(batcher)
        assert len(waiting) == 20  # with the one that is computed, the last has 20 ahead of it
        with pytest.raises(Overloaded) as refused:
            batcher.submit(rows(1), NEVER)
        assert refused.value.retry_after_s == 3
        with pytest.raises(Overloaded):
            batcher.check_room(NEVER)
        compute.gate.set()
        await asyncio.gather(held, *waiting)
        assert set(compute.sizes) == {1}
        await batcher.stop(1)

    run(main())


def test_12_once_somebody_was_refused_the_queue_is_short_until_nobody_was_for_a_second():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock)
        held = await compute.hold(batcher)
        crowd = admitted(batcher)
        assert len(crowd) == 10
        compute.gate.set()
        await asyncio.gather(held, *crowd)
        held = await compute.hold(batcher)
        few = admitted(batcher)
        assert len(few) == 2  # a batch that is computed and one that waits
        clock.now = 0.9
        assert admitted(batcher) == []
        compute.gate.set()
        await asyncio.gather(held, *few)
        clock.now = 2.0
        held = await compute.hold(batcher)
        many = admitted(batcher)
        assert len(many) >= 8  # the pace has learnt a little from a clock that stood
        compute.gate.set()
        await asyncio.gather(held, *many)
        await batcher.stop(1)

    run(main())


def test_12_an_answer_that_would_come_too_late_is_refused_at_once():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock)
        held = await compute.hold(batcher)
        with pytest.raises(DeadlineExceeded):
            batcher.submit(rows(1), 0.15)
        in_time = batcher.submit(rows(1), 0.25)
        compute.gate.set()
        await asyncio.gather(held, in_time)
        await batcher.stop(1)

    run(main())


def test_12_who_finds_nothing_ahead_is_admitted_whatever_the_pace_says():
    async def main():
        clock = Clock()
        batcher = slow_batcher(double, clock, max_wait_s=0.001)
        assert (await batcher.submit(rows(*range(50)), 0.01))[:, 0].tolist() == [2 * i for i in range(50)]
        await batcher.stop(1)

    run(main())


def test_12_bulk_work_neither_waits_for_a_turn_nor_takes_that_of_single_rows():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock)
        held = await compute.hold(batcher)
        bulk = [batcher.submit(rows(*range(40)), NEVER) for _ in range(3)]  # four seconds each
        single = batcher.submit(rows(7), NEVER)
        compute.gate.set()
        assert (await single).tolist() == [[14]] and not any(one.done() for one in bulk)
        await asyncio.gather(held, *bulk)
        await batcher.stop(1)

    run(main())


def test_12_a_higher_priority_does_not_wait_for_what_it_passes():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock)
        held = await compute.hold(batcher)
        waiting = admitted(batcher)
        urgent = batcher.submit(rows(1), 0.25, priority=1)
        with pytest.raises(Overloaded):
            batcher.submit(rows(1), NEVER, priority=3)
        compute.gate.set()
        await asyncio.gather(held, urgent, *waiting)
        await batcher.stop(1)

    run(main())


# Callers who left


@pytest.mark.parametrize("count", [1, 30], ids=["fits a batch", "is cut"])
def test_7_what_a_caller_sent_who_left_is_let_go_at_once(count):
    """Else clients that ask and leave, again and again, would fill the memory while a batch is computed."""

    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock)
        held = await compute.hold(batcher)
        sent = np.ones((count, 1), np.float32)
        gone = weakref.ref(sent)
        told: list[object] = []
        entry = batcher.admit(sent, NEVER, lambda *said: told.append(said))
        staying = batcher.submit(rows(2), NEVER)
        del sent
        batcher.leave(entry)
        assert gone() is None and batcher.rows_in_flight == 2
        compute.gate.set()
        await asyncio.gather(held, staying)
        assert compute.seen == [-1, 2] and told == []
        await batcher.stop(1)

    run(main())


def test_7_many_who_left_leave_nothing_in_the_queue_behind():
    async def main():
        compute, clock = Recorder(), Clock()
        batcher = slow_batcher(compute, clock, max_wait_s=math.inf)
        held = await compute.hold(batcher)
        staying = batcher.submit(rows(2), NEVER)
        for number in range(5000):
            batcher.leave(batcher.admit(rows(*[number] * (1 + number % 2 * 20)), NEVER, print))
        assert batcher.rows_in_flight == 2 and len(batcher._queue) < 100
        compute.gate.set()
        await asyncio.gather(held, staying)
        assert compute.seen == [-1, 2]
        await batcher.stop(1)

    run(main())


# All at once


@settings(max_examples=150, deadline=None)
@given(
    arrivals=ARRIVALS,
    in_thread=st.booleans(),
    max_wait_s=st.sampled_from([0.1, 1.0, math.inf]),
    priorities=st.lists(st.integers(1, 3), min_size=1, max_size=5),
)
def test_1_2_12_every_caller_ends_once_with_its_own_rows_whoever_is_refused(
    arrivals, in_thread, max_wait_s, priorities
):
    async def main():
        async def later(batch):
            await asyncio.sleep(0)
            return double(batch)

        clock = Clock()
        batcher = slow_batcher(later if in_thread else double, clock, max_wait_s, in_flight=60)
        number, callers = 0, []
        for count, fate, turns in arrivals:
            mine = list(range(number, number + count))
            number += count
            deadline = clock.now + 0.3 if fate == "late" else NEVER
            busy = batcher.rows_in_flight > 0
            try:
                future = batcher.submit(rows(*mine), deadline, priorities[number % len(priorities)])
            except (Overloaded, DeadlineExceeded):
                assert busy or count > 60
                continue
            assert batcher.rows_in_flight <= 60
            if fate == "leave":
                future.cancel()
            callers.append((mine, fate, future))
            for _ in range(turns):
                await asyncio.sleep(0)
                clock.now += 0.05
        await batcher.stop(grace_s=10)
        for mine, fate, future in callers:
            assert future.done()
            if future.cancelled():
                assert fate == "leave"
            elif isinstance(future.exception(), ServingError):
                assert fate == "late" and isinstance(future.exception(), DeadlineExceeded)
            else:
                assert future.result()[:, 0].tolist() == [2 * i for i in mine]
        await asyncio.sleep(0)
        assert batcher.rows_in_flight == 0

    run(main())
