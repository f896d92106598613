"""The batching core: each invariant of `service.batching` by its number, then all on random traffic."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.errors import DeadlineExceeded, ModelFailure, Overloaded, ServingError, ShuttingDown
from service.rows import Rows
from tests.batchers import ARRIVALS, NEVER, Recorder, double, rows, run, started

# The invariants


def test_2_each_caller_gets_its_own_rows():
    async def main():
        batcher = started(double)
        answers = await asyncio.gather(*(batcher.submit(rows(i, i + 100), NEVER) for i in range(20)))
        assert [a[:, 0].tolist() for a in answers] == [[2 * i, 2 * (i + 100)] for i in range(20)]
        await batcher.stop(1)

    run(main())


def test_3_no_batch_is_larger_than_the_limit():
    async def main():
        compute = Recorder()
        batcher = started(compute, max_batch=4)
        await asyncio.gather(*(batcher.submit(rows(*range(n)), NEVER) for n in (1, 9, 3, 2)))
        assert max(compute.sizes) <= 4 and sum(compute.sizes) == 15
        await batcher.stop(1)

    run(main())


def test_4_rows_over_the_limit_are_refused_at_once_and_admitted_again_later():
    async def main():
        compute = Recorder()
        batcher = started(compute, in_flight=3)
        held = await compute.hold(batcher)
        second = batcher.submit(rows(1, 2), NEVER)
        with pytest.raises(Overloaded) as refused:
            batcher.submit(rows(3), NEVER)
        assert refused.value.retry_after_s >= 1
        compute.gate.set()
        await asyncio.gather(held, second)
        await asyncio.sleep(0)
        assert batcher.rows_in_flight == 0
        assert (await batcher.submit(rows(3), NEVER)).tolist() == [[6]]
        await batcher.stop(1)

    run(main())


def test_5_what_arrives_while_the_engine_is_busy_goes_together():
    async def main():
        compute = Recorder()
        batcher = started(compute)
        held = await compute.hold(batcher)
        later = [batcher.submit(rows(i), NEVER) for i in range(5)]
        compute.gate.set()
        await asyncio.gather(held, *later)
        assert compute.sizes == [1, 5]
        await batcher.stop(1)

    run(main())


def test_6_small_requests_pass_between_the_pieces_of_a_large_one():
    async def main():
        compute = Recorder()
        batcher = started(compute, max_batch=4)
        ended: list[str] = []
        large = batcher.submit(rows(*range(40)), NEVER)
        large.add_done_callback(lambda _: ended.append("large"))
        small = batcher.submit(rows(7), NEVER)
        small.add_done_callback(lambda _: ended.append("small"))
        answer = await large
        assert answer[:, 0].tolist() == [2 * i for i in range(40)]
        assert ended == ["small", "large"]
        await batcher.stop(1)

    run(main())


def test_7_rows_of_a_caller_that_left_are_not_computed():
    async def main():
        compute = Recorder()
        batcher = started(compute)
        held = await compute.hold(batcher)
        leaving, staying = batcher.submit(rows(1), NEVER), batcher.submit(rows(2), NEVER)
        leaving.cancel()
        compute.gate.set()
        await asyncio.gather(held, staying)
        assert compute.seen == [-1, 2]
        await batcher.stop(1)

    run(main())


def test_7_rows_over_their_deadline_fail_while_the_engine_is_still_busy():
    async def main():
        compute = Recorder()
        now = 0.0
        batcher = started(compute, clock=lambda: now)
        held = await compute.hold(batcher)
        late = batcher.submit(rows(1), 0.001)
        now = 1.0
        with pytest.raises(DeadlineExceeded):
            await late
        assert not held.done()
        compute.gate.set()
        await held
        assert compute.seen == [-1]
        await batcher.stop(1)

    run(main())


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda batch: batch[:-1], id="too few rows"),
        pytest.param(lambda batch: 1 / 0, id="an exception"),
    ],
)
def test_8_an_engine_failure_fails_its_caller_and_no_other(broken):
    async def main():
        def compute(batch: Rows) -> Rows:
            return broken(batch) if batch[0, 0] == 13 else double(batch)

        batcher = started(compute, max_batch=1)
        unlucky, lucky = batcher.submit(rows(13), NEVER), batcher.submit(rows(1), NEVER)
        with pytest.raises(ModelFailure):
            await unlucky
        assert (await lucky).tolist() == [[2]]
        await batcher.stop(1)

    run(main())


def test_9_what_is_held_when_the_grace_period_ends_fails_with_shutting_down():
    async def main():
        compute = Recorder()
        batcher = started(compute)
        held = await compute.hold(batcher)
        waiting = batcher.submit(rows(1), NEVER)
        await batcher.stop(grace_s=0.01)
        for future in (held, waiting):
            with pytest.raises(ShuttingDown):
                await future
        with pytest.raises(ShuttingDown):
            batcher.submit(rows(1), NEVER)
        assert not batcher.alive

    run(main())


def test_11_the_engine_has_as_many_batches_as_it_takes_and_no_more():
    async def main():
        compute = Recorder()
        batcher = started(compute, max_batch=2, batches=2)
        compute.gate.clear()
        large = batcher.submit(rows(*range(9)), NEVER)
        for _ in range(10):
            await asyncio.sleep(0)
        assert compute.sizes == [2, 2, 2]  # the third is full, and waits at the engine
        compute.gate.set()
        assert (await large)[:, 0].tolist() == [2 * i for i in range(9)]
        await batcher.stop(1)

    run(main())


def test_outputs_keep_their_place_when_batches_end_in_another_order():
    async def main():
        gates = [asyncio.Event(), asyncio.Event()]

        async def compute(batch: Rows) -> Rows:
            await gates[int(batch[0, 0]) // 2].wait()
            return double(batch)

        batcher = started(compute, max_batch=2, batches=2)
        answer = batcher.submit(rows(0, 1, 2, 3), NEVER)
        await asyncio.sleep(0)
        gates[1].set()
        await asyncio.sleep(0.01)
        assert not answer.done()
        gates[0].set()
        assert (await answer)[:, 0].tolist() == [0, 2, 4, 6]
        await batcher.stop(1)

    run(main())


@pytest.mark.parametrize("in_thread", [False, True])
def test_8_who_shared_a_failed_batch_gets_its_rows_and_the_cause_is_found_in_few_batches(in_thread):
    async def main():
        sizes = []

        def compute(batch: Rows) -> Rows:
            sizes.append(len(batch))
            if 13 in batch[:, 0]:
                raise RuntimeError("13")
            return double(batch)

        async def later(batch: Rows) -> Rows:
            return compute(batch)

        batcher = started(later if in_thread else compute, max_batch=64)
        waiting = [batcher.submit(rows(number), NEVER) for number in range(64)]
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert [number for number, answer in enumerate(answers) if isinstance(answer, ModelFailure)] == [13]
        assert all(answer.tolist() == [[2 * i]] for i, answer in enumerate(answers) if i != 13)
        assert len(sizes) == 1 + 2 * 6 and sum(sizes) == 64 + 2 * (32 + 16 + 8 + 4 + 2 + 1)
        assert batcher.rows_in_flight == 0
        await batcher.stop(1)

    run(main())


def test_8_who_left_meanwhile_or_is_too_late_is_not_computed_again():
    async def main():
        now = 0.0
        compute = Recorder(lambda batch: 1 / 0 if 13 in batch[:, 0] else double(batch))
        batcher = started(compute, max_batch=8, clock=lambda: now)
        compute.gate.clear()
        bad = batcher.submit(rows(13), NEVER)
        left, late, other = (batcher.submit(rows(n), deadline) for n, deadline in ((1, 9), (2, 0.5), (3, 9)))
        await compute.entered.wait()
        left.cancel()
        now = 1.0
        compute.gate.set()
        answers = await asyncio.gather(bad, late, other, return_exceptions=True)
        assert [type(answer) for answer in answers[:2]] == [ModelFailure, DeadlineExceeded]
        assert answers[2].tolist() == [[6]]
        assert compute.seen.count(1) == compute.seen.count(2) == 1
        await batcher.stop(1)

    run(main())


def test_9_halves_of_a_failed_batch_end_with_the_batcher():
    async def main():
        compute = Recorder(lambda batch: 1 / 0)
        batcher = started(compute)
        compute.gate.clear()
        waiting = [batcher.submit(rows(number), NEVER) for number in range(4)]
        await compute.entered.wait()
        compute.gate.set()
        await asyncio.sleep(0)
        compute.gate.clear()
        await asyncio.sleep(0.01)
        await batcher.stop(grace_s=0.01)
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in ends} <= {ShuttingDown, ModelFailure} and ShuttingDown in map(type, ends)
        assert batcher.rows_in_flight == 0

    run(main())


@pytest.mark.parametrize("in_thread", [False, True])
def test_8_outputs_of_odd_shapes_fail_their_callers_and_no_other(in_thread):
    async def main():
        widths = iter([1, 2, 1])

        def compute(batch: Rows) -> Rows:
            return np.zeros((len(batch), next(widths)))

        async def later(batch: Rows) -> Rows:
            return compute(batch)

        batcher = started(later if in_thread else compute, max_batch=2)
        with pytest.raises(ModelFailure):
            await batcher.submit(rows(1, 2, 3, 4), NEVER)
        assert len(await batcher.submit(rows(5), NEVER)) == 1
        assert batcher.rows_in_flight == 0
        await batcher.stop(1)

    run(main())


def test_stop_finishes_what_it_holds_within_the_grace_period():
    async def main():
        compute = Recorder()
        batcher = started(compute)
        held = await compute.hold(batcher)
        waiting = batcher.submit(rows(1), NEVER)
        stopping = asyncio.create_task(batcher.stop(grace_s=10))
        await asyncio.sleep(0)
        compute.gate.set()
        await stopping
        assert (await held).tolist() == [[-2]] and (await waiting).tolist() == [[2]]

    run(main())


def test_an_error_of_the_batcher_itself_is_told_and_leaves_nobody_waiting():
    async def main():
        times = iter([0.0])  # of the admission

        def broken_clock() -> float:
            for now in times:
                return now
            raise RuntimeError("no time")

        batcher = Batcher(double, BatchPolicy(8, 100), clock=broken_clock)
        told = asyncio.get_running_loop().create_future()
        batcher.start(on_death=told.set_result)
        waiting = batcher.submit(rows(1), math.inf)
        assert isinstance(await told, RuntimeError)
        with pytest.raises(ShuttingDown):
            await waiting
        assert not batcher.alive

    run(main())


# All at once


@settings(max_examples=150, deadline=None)
@given(
    arrivals=ARRIVALS,
    max_batch=st.integers(1, 9),
    in_thread=st.booleans(),
    poison=st.sampled_from([None, 5, 17]),
    batches=st.integers(1, 3),
)
def test_1_every_caller_ends_once_with_what_it_would_get_alone(
    arrivals, max_batch, in_thread, poison, batches
):
    """Against an oracle that answers one caller after the other."""

    async def main():
        largest = together = 0

        def answer(batch: Rows) -> Rows:
            nonlocal largest
            largest = max(largest, len(batch))
            if poison in batch[:, 0]:
                raise RuntimeError("poisoned")
            return double(batch)

        async def answer_later(batch: Rows) -> Rows:
            nonlocal together
            together += 1
            assert together <= batches + 1
            await asyncio.sleep(0)
            together -= 1
            return answer(batch)

        compute = answer_later if in_thread else answer
        batcher = started(compute, max_batch, in_flight=60, clock=lambda: 5.0, batches=batches)
        number, callers = 0, []
        for count, fate, turns in arrivals:
            mine = list(range(number, number + count))
            number += count
            try:
                future = batcher.submit(rows(*mine), 1.0 if fate == "late" else NEVER)
            except Overloaded:
                assert batcher.rows_in_flight + count > 60
                continue
            assert batcher.rows_in_flight <= 60
            if fate == "leave":
                future.cancel()
            callers.append((mine, fate, future))
            for _ in range(turns):
                await asyncio.sleep(0)
        await batcher.stop(grace_s=10)
        assert largest <= max_batch
        for mine, fate, future in callers:
            assert future.done()
            if future.cancelled():
                assert fate == "leave"
            elif isinstance(future.exception(), ServingError):
                expected = DeadlineExceeded if fate == "late" else ModelFailure
                assert isinstance(future.exception(), expected)
                assert expected is DeadlineExceeded or poison in mine
            else:
                assert future.result()[:, 0].tolist() == [2 * i for i in mine]
        await asyncio.sleep(0)
        assert batcher.rows_in_flight == 0

    run(main())
