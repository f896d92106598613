"""What is counted of one version: buckets, sums, and that nothing is counted twice or not at all."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.rows import Rows
from service.statistics.counts import Counts
from service.statistics.durations import BOUNDS_S, Duration
from service.statistics.figures import BOUNDS_ROWS, VersionStatistics, merged
from tests.batchers import ARRIVALS, NEVER, double, rows, run
from tests.counting import MS, PROTOCOL, setting, settled

# Buckets


@given(st.lists(st.sampled_from([0.0, *BOUNDS_S, *(bound * 1.01 for bound in BOUNDS_S)]), max_size=50))
def test_a_time_is_in_the_bucket_of_the_least_bound_that_is_not_below_it(times):
    counts = Counts("m", 1)
    for seconds in times:
        counts.batch_computed(1, 0.0, seconds)
    compute_s = counts.figures().compute_s
    for bound, below in zip(compute_s.bounds, compute_s.cumulative, strict=False):
        assert below == sum(seconds <= bound for seconds in times)
    assert compute_s.cumulative[-1] == len(times)
    assert compute_s.sum == pytest.approx(sum(times))


@given(st.lists(st.integers(1, 70_000), max_size=50))
def test_so_are_the_rows_of_a_batch(sizes):
    counts = Counts("m", 1)
    for size in sizes:
        counts.batch_computed(size, 0.0, 1.0)
    batch_rows = counts.figures().batch_rows
    assert batch_rows.bounds == BOUNDS_ROWS and batch_rows.sum == sum(sizes)
    for bound, below in zip(batch_rows.bounds, batch_rows.cumulative, strict=False):
        assert below == sum(size <= bound for size in sizes)
    assert batch_rows.cumulative[-1] == len(sizes)


# Sums


def some(version: int, requests: int, reason: str = "overloaded") -> VersionStatistics:
    counts = Counts("m", version)
    for _ in range(requests):
        counts.batch_computed(requests, 0.0, 0.5)
        counts.failed(PROTOCOL, reason, 0.25)
        counts.batch_failed(2, 0.0, 0.5)
    return counts.figures(rows_in_flight=requests)


def test_figures_of_one_version_add_up_and_those_of_others_stay_apart():
    one, two = merged([some(2, 3), some(1, 1), some(2, 3), some(2, 1, "cancelled")])
    assert one == some(1, 1)
    assert (two.version, two.rows_in_flight, two.failed_rows) == (2, 7, 14)
    assert {size: spent.count for size, spent in two.batches.items()} == {3: 6, 1: 1}
    assert two.failures == {"overloaded": Duration(6, 1500 * MS), "cancelled": Duration(1, 250 * MS)}
    assert two.compute_s.cumulative[-1] == two.computed.count == 7
    assert two.computed.mean_s == 0.5 and Duration().mean_s is None


# All at once


@settings(max_examples=100, deadline=None)
@given(
    arrivals=ARRIVALS,
    max_batch=st.integers(1, 9),
    in_thread=st.booleans(),
    poison=st.sampled_from([None, 5, 17]),
    batches=st.integers(1, 3),
    patience=st.booleans(),
)
def test_every_request_is_counted_once_and_every_row_of_every_batch(
    arrivals, max_batch, in_thread, poison, batches, patience
):
    async def main():
        good: list[int] = []
        bad: list[int] = []

        def compute(batch: Rows) -> Rows:
            clients.clock.now += 0.5
            if poison in batch[:, 0]:
                bad.append(len(batch))
                raise RuntimeError("poisoned")
            good.append(len(batch))
            return double(batch)

        async def later(batch: Rows) -> Rows:
            await asyncio.sleep(0)
            return compute(batch)

        clients = setting(later if in_thread else compute, max_batch, in_flight=60, batches=batches)
        number = 0
        for count, fate, turns in arrivals:
            mine = range(number, number + count)
            number += count
            entry = clients.ask(rows(*mine), 1.0 if fate == "late" else NEVER, decode_s=0.25, encode_s=0.125)
            for _ in range(turns):
                await asyncio.sleep(0)
            if entry is not None and fate == "leave":
                clients.leave(entry)
        if patience:
            await settled()
        await clients.batcher.stop(grace_s=10 if patience else 0)
        await settled()
        figures = clients.counts.figures(clients.batcher.rows_in_flight)
        # Every request that came has one end, and every one that was admitted has one.
        assert figures.success.count == len(clients.answered)
        assert figures.failure.count == len(clients.failed)
        assert figures.success.count + figures.failure.count == len(arrivals)
        refused = figures.failures.get("overloaded", Duration()).count
        assert clients.admitted == figures.success.count + figures.failure.count - refused
        assert {reason: spent.count for reason, spent in figures.failures.items()} == {
            reason: clients.failed.count(reason) for reason in set(clients.failed)
        }
        # Batches: what the engine saw, where the batcher lived to see the outputs.
        if patience:
            assert sorted(good) == sorted(
                size for size, spent in figures.batches.items() for _ in range(spent.count)
            )
            assert (figures.failed_batches.count, figures.failed_rows) == (len(bad), sum(bad))
        assert figures.in_all.rows == sum(len(entry.rows) for entry in clients.answered)
        assert figures.in_all.rows <= figures.rows_computed <= sum(good)
        assert figures.rows_in_flight == 0
        # Times: a request takes its parts, and each is in its bucket.
        told = figures.in_all
        infer, queue = told.compute_infer, told.queue
        parts = (told.compute_input, queue.duration, infer.duration, told.compute_output)
        assert figures.success.ns == sum(part.ns for part in parts)
        assert all(part.count == figures.success.count for part in parts)
        assert told.success.seconds.cumulative[-1] == queue.seconds.cumulative[-1] == figures.success.count
        assert infer.seconds.cumulative[-1] == figures.success.count
        assert figures.compute_s.cumulative[-1] == figures.computed.count

    run(main())
