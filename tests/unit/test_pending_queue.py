"""The queue of the batching core alone: synchronous, with time as an argument."""

import numpy as np
import pytest

from service.batching import Entry, PendingQueue

NEVER = 1e9


@pytest.fixture
def entry():
    """Makes entries of so many rows, which nobody waits for."""
    return lambda count, deadline=NEVER, width=1: Entry(np.zeros((count, width)), deadline, print)


def taken(queue: PendingQueue, room: int) -> list[tuple[Entry, int, int]]:
    return [(piece.entry, piece.start, piece.stop) for piece in queue.take(room)]


def test_take_gives_entries_in_the_order_of_arrival(entry):
    queue = PendingQueue()
    entries = [entry(1), entry(2), entry(3)]
    for one in entries:
        queue.add(one)
    assert taken(queue, 10) == [(entries[0], 0, 1), (entries[1], 0, 2), (entries[2], 0, 3)]
    assert len(queue) == 0


def test_the_rest_of_a_cut_entry_goes_behind_those_that_wait(entry):
    queue = PendingQueue()
    large, small = entry(5), entry(1)
    queue.add(large)
    queue.add(small)
    assert taken(queue, 3) == [(large, 0, 3)]
    assert taken(queue, 3) == [(small, 0, 1), (large, 3, 5)]


def test_rows_of_another_shape_wait_for_the_next_batch(entry):
    queue = PendingQueue()
    narrow, wide = entry(1), entry(1, width=2)
    queue.add(narrow)
    queue.add(wide)
    assert taken(queue, 8) == [(narrow, 0, 1)]
    assert taken(queue, 8) == [(wide, 0, 1)]


def test_expire_hands_back_what_is_over_its_deadline_and_keeps_the_rest(entry):
    queue = PendingQueue()
    early, late = entry(1, deadline=1.0), entry(1, deadline=2.0)
    queue.add(late)
    queue.add(early)
    assert queue.expire(0.5) == []
    assert queue.earliest_deadline == 1.0
    assert queue.expire(1.0) == [early]
    assert queue.earliest_deadline == 2.0
    assert taken(queue, 8) == [(late, 0, 1)]
