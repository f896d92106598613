"""What is counted of the times of requests and batches: by a real batcher, with a clock that the tests move."""

import asyncio
import time

import pytest

from service.rows import Rows
from service.statistics.counts import Counts
from service.statistics.durations import Duration
from tests.batchers import double, rows, run
from tests.counting import MS, PROTOCOL, setting, settled


def test_each_part_of_a_requests_time_is_counted_where_it_belongs():
    async def main():
        def compute(batch: Rows) -> Rows:
            clients.clock.now += 0.25
            return double(batch)

        clients = setting(compute)
        clients.ask(rows(1, 2, 3), decode_s=0.125, encode_s=2.0)
        clients.clock.now += 1.0  # it waits, for the batch is taken in the next round of the loop
        await settled()
        figures = clients.counts.figures()
        assert figures.in_all.compute_input == Duration(1, 125 * MS)
        assert figures.in_all.queue.duration == Duration(1, 1000 * MS)
        assert figures.in_all.compute_infer.duration == Duration(1, 250 * MS)
        assert figures.in_all.compute_output == Duration(1, 2000 * MS)
        assert figures.success == Duration(1, 3375 * MS)
        assert (figures.in_all.rows, figures.rows_computed) == (3, 3)
        assert figures.batches == {3: Duration(1, 250 * MS)} and figures.computed.count == 1
        assert figures.failures == {} and figures.failed_batches == Duration()
        await clients.batcher.stop(1)

    run(main())


def test_requests_that_share_a_batch_have_its_whole_time_each():
    async def main():
        def compute(batch: Rows) -> Rows:
            clients.clock.now += 0.5
            return double(batch)

        clients = setting(compute)
        for count in (1, 2, 2):
            clients.ask(rows(*range(count)), encode_s=0.125)
        await settled()
        figures = clients.counts.figures()
        assert figures.success.count == 3 and figures.in_all.rows == 5
        assert figures.in_all.compute_infer.duration == Duration(3, 1500 * MS)
        assert figures.batches == {5: Duration(1, 500 * MS)}
        assert figures.in_all.compute_output == Duration(
            3, 750 * MS
        )  # the answers are encoded one after the other
        assert figures.success == Duration(3, 2250 * MS)
        await clients.batcher.stop(1)

    run(main())


def test_a_request_that_is_cut_waits_until_its_first_piece_and_is_computed_until_its_last():
    async def main():
        async def compute(batch: Rows) -> Rows:
            clients.clock.now += 0.5
            return double(batch)

        clients = setting(compute, max_batch=4)
        clients.ask(rows(*range(10)))
        clients.clock.now += 0.25
        await settled()
        figures = clients.counts.figures()
        assert figures.in_all.queue.duration == Duration(1, 250 * MS)
        assert figures.in_all.compute_infer.duration == Duration(1, 1500 * MS)
        assert figures.batches == {4: Duration(2, 1000 * MS), 2: Duration(1, 500 * MS)}
        assert figures.batch_rows.counts[:3] == (0, 1, 2) and figures.batch_rows.sum == 10
        await clients.batcher.stop(1)

    run(main())


def test_a_batch_in_a_thread_is_timed_from_the_hand_over_to_its_result():
    async def main():
        gate = asyncio.Event()

        async def compute(batch: Rows) -> Rows:
            await gate.wait()
            return double(batch)

        clients = setting(compute)
        clients.ask(rows(1))
        await settled()
        clients.clock.now += 4.0
        gate.set()
        await settled()
        figures = clients.counts.figures()
        assert figures.batches == {1: Duration(1, 4000 * MS)} and figures.in_all.queue.duration == Duration(
            1, 0
        )
        await clients.batcher.stop(1)

    run(main())


@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize(
    "broken",
    [pytest.param(lambda batch: batch[:-1], id="too few"), pytest.param(lambda b: 1 / 0, id="raises")],
)
def test_a_batch_that_fails_is_no_execution(broken, in_thread):
    async def main():
        def compute(batch: Rows) -> Rows:
            clients.clock.now += 0.5
            return broken(batch)

        async def later(batch: Rows) -> Rows:
            return compute(batch)

        clients = setting(later if in_thread else compute)
        clients.ask(rows(1, 2))
        clients.ask(rows(3))
        await settled()
        figures = clients.counts.figures()
        # The batch, and its halves again by themselves.
        assert (figures.failed_batches, figures.failed_rows) == (Duration(3, 1500 * MS), 6)
        assert (
            figures.failures
            == {"model_failure": Duration(2, 2500 * MS)}
            == {"model_failure": figures.failure}
        )
        assert figures.batches == {} and figures.success == figures.in_all.queue.duration == Duration()
        await clients.batcher.stop(1)

    run(main())


def test_a_batch_that_was_under_way_when_the_batcher_ended_is_counted_as_neither():
    async def main():
        gate = asyncio.Event()

        async def compute(batch: Rows) -> Rows:
            await gate.wait()
            return double(batch)

        clients = setting(compute)
        clients.ask(rows(1))
        await settled()
        await clients.batcher.stop(0.01)
        gate.set()
        await settled()
        figures = clients.counts.figures()
        assert {reason: spent.count for reason, spent in figures.failures.items()} == {"shutting_down": 1}
        assert figures.batches == {} and figures.failed_batches.count == 0

    run(main())


def test_the_last_inference_is_told_on_the_clock_of_people_and_stays_what_it_was():
    counts = Counts("m", 1)
    assert counts.figures().last_inference_ms == 0
    before = time.time()
    counts.batch_computed(1, 0.0, time.monotonic())
    first = counts.figures().last_inference_ms
    assert before * 1000 - 5 <= first <= time.time() * 1000 + 5
    counts.failed(PROTOCOL, "overloaded", 0.0)
    assert counts.figures().last_inference_ms == first
