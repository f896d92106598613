"""What is counted of one version: by a real batcher, with a clock that the tests move."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching import Batcher, BatchPolicy
from service.errors import Overloaded, ServingError
from service.pending import Entry
from service.rows import Rows
from service.statistics.counts import Counts
from service.statistics.durations import BOUNDS_S, Duration
from service.statistics.figures import BOUNDS_ROWS, VersionStatistics, merged
from service.statistics.requests import CANCELLED
from tests.batchers import ARRIVALS, NEVER, double, rows, run

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


# The times of one request


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
        assert (figures.failed_batches, figures.failed_rows) == (Duration(1, 500 * MS), 3)
        assert (
            figures.failures
            == {"model_failure": Duration(2, 1000 * MS)}
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
