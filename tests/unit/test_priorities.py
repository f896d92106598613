"""Priorities: who goes first, and that nobody's rows get lost over it."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching.entry import NORMAL, Entry, rows_of
from service.batching.pending import PendingQueue
from tests.batchers import NEVER, Recorder, rows, run, started


def entry(number: int, priority: int = NORMAL, count: int = 1) -> Entry:
    return Entry(rows(*[number] * count), NEVER, lambda *_: None, priority)


def taken(queue: PendingQueue) -> list[int]:
    """The numbers of the rows of the next batch."""
    return [int(value) for piece in queue.take() for value in rows_of(piece)[:, 0]]


def test_the_lowest_number_goes_first_and_the_others_fill_its_batch_up():
    queue = PendingQueue(3)
    for number, priority in enumerate([NORMAL, 7, 1, NORMAL, 1]):
        queue.add(entry(number, priority))
    assert [taken(queue), taken(queue), taken(queue)] == [[2, 4, 0], [3, 1], []]


def test_what_is_cut_waits_in_its_own_priority():
    queue = PendingQueue(2)
    queue.add(entry(0, 5, count=5))
    assert taken(queue) == [0, 0]
    queue.add(entry(1, 1))
    assert [taken(queue), taken(queue)] == [[1, 0], [0, 0]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), max_size=20))
def test_every_row_is_taken_once_whatever_the_priorities(asked):
    queue = PendingQueue(4)
    for number, (priority, count) in enumerate(asked):
        queue.add(entry(number, priority, count))
    batches = []
    while queue:
        batches.append(taken(queue))
        assert 0 < len(batches[-1]) <= 4
    found = sorted(number for batch in batches for number in batch)
    assert found == [number for number, (_, count) in enumerate(asked) for _ in range(count)]


def test_10_rows_of_a_higher_priority_pass_those_that_wait():
    async def main():
        compute = Recorder()
        batcher = started(compute, max_batch=1)
        first = await compute.hold(batcher)
        late = [batcher.submit(rows(number), NEVER) for number in (1, 2)]
        urgent = batcher.submit(rows(3), NEVER, priority=1)
        compute.gate.set()
        await asyncio.gather(first, urgent, *late)
        assert compute.seen == [-1, 3, 1, 2]
        await batcher.stop(1)

    run(main())
