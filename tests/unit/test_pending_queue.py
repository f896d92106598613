"""The queue of the batching core alone: synchronous, with time as an argument."""

import numpy as np
import pytest

from service.batching.entry import Entry
from service.batching.pending import PendingQueue

NEVER = 1e9


@pytest.fixture
def entry():
    """Makes entries of so many rows, which nobody waits for."""
    return lambda count, deadline=NEVER, width=1: Entry(np.zeros((count, width)), deadline, print)


def test_take_gives_entries_in_the_order_of_arrival(entry):
    queue = PendingQueue(10)
    entries = [entry(1), entry(2), entry(3)]
    for one in entries:
        queue.add(one)
    assert queue.take() == [(entries[0], 0, 1), (entries[1], 0, 2), (entries[2], 0, 3)]
    assert len(queue) == 0


def test_what_does_not_fit_any_more_is_cut_and_its_rest_goes_to_the_end(entry):
    queue = PendingQueue(3)
    first, second, third = entry(2), entry(2), entry(1)
    for one in (first, second, third):
        queue.add(one)
    assert queue.take() == [(first, 0, 2), (second, 0, 1)]
    assert queue.take() == [(third, 0, 1), (second, 1, 2)]


def test_those_that_fit_a_batch_and_the_pieces_of_those_that_do_not_take_turns(entry):
    queue = PendingQueue(3)
    large, larger = entry(5), entry(7)
    small = [entry(2) for _ in range(3)]
    for one in (large, larger, *small):
        queue.add(one)
    assert queue.take() == [(small[0], 0, 2), (small[1], 0, 1)]
    assert queue.take() == [(large, 0, 3)]
    assert queue.take() == [(small[2], 0, 2), (small[1], 1, 2)]
    assert queue.take() == [(larger, 0, 3)]
    assert queue.take() == [(large, 3, 5), (larger, 3, 4)]


def test_it_knows_when_a_batch_is_full(entry):
    queue = PendingQueue(3)
    queue.add(entry(2))
    assert not queue.fills_a_batch
    queue.add(entry(5))
    assert not queue.fills_a_batch  # it is not the large one's turn
    queue.take()
    assert queue.fills_a_batch
    queue.take()
    assert not queue.fills_a_batch and len(queue) == 1
    queue.clear()
    queue.add(entry(3))
    assert queue.fills_a_batch


def test_rows_of_another_shape_wait_for_the_next_batch(entry):
    queue = PendingQueue(8)
    narrow, wide = entry(1), entry(1, width=2)
    queue.add(narrow)
    queue.add(wide)
    assert queue.take() == [(narrow, 0, 1)]
    assert queue.take() == [(wide, 0, 1)]


def test_expire_hands_back_what_is_over_its_deadline_and_keeps_the_rest(entry):
    queue = PendingQueue(8)
    early, late = entry(1, deadline=1.0), entry(1, deadline=2.0)
    queue.add(late)
    queue.add(early)
    assert queue.expire(0.5) == []
    assert queue.earliest_deadline == 1.0
    assert queue.expire(1.0) == [early]
    assert queue.earliest_deadline == 2.0
    assert queue.take() == [(late, 0, 1)]
