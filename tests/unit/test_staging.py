"""The memory in which batches are padded: what it holds, and when it is used again."""

import threading

import numpy as np
import pytest

from service.engine.batch import Batch
from service.engine.staging import Slot, Staging


def test_rows_are_cast_and_padded_with_zeros_whatever_lay_there():
    slot = Slot()
    full = slot.padded(np.full((4, 3), 200, np.uint8), 4, np.float32)
    assert full.dtype == np.float32 and (full == 200).all()
    padded = slot.padded(np.full((2, 3), 7, np.uint8), 4, np.uint8)
    assert padded.tolist() == [[7] * 3] * 2 + [[0] * 3] * 2


def test_memory_is_used_again_and_aligned_as_xla_wants_it():
    slot = Slot()
    large = slot.padded(np.ones((5, 100), np.float32), 8, np.float32)
    small = slot.padded(np.ones((1, 100), np.uint8), 1, np.uint8)
    assert np.shares_memory(large, small)
    assert large.ctypes.data % 64 == small.ctypes.data % 64 == 0


def test_a_slot_is_one_batchs_until_it_is_given_back():
    staging = Staging(2)
    one, other = staging.take(), staging.take()
    assert one is not other
    taken: list[Slot] = []
    waiting = threading.Thread(target=lambda: taken.append(staging.take()))
    waiting.start()
    assert not taken
    staging.give_back(one)
    waiting.join(10)
    assert taken == [one]


def test_the_slot_of_a_failed_batch_is_not_used_again():
    staging = Staging(1)
    failed = staging.take()
    staging.replace()
    assert staging.take() is not failed


def test_a_batch_answers_with_memory_of_its_own_and_frees_its_slot():
    staging = Staging(1)
    slot = staging.take()
    memory = slot.padded(np.ones((3, 2), np.float32), 4, np.float32)
    outputs = Batch(lambda: memory, 3, staging, slot).result()  # a model that hands its input through
    assert staging.take() is slot
    slot.padded(np.full((4, 2), 9, np.float32), 4, np.float32)
    assert outputs.tolist() == [[1, 1]] * 3


def test_a_batch_that_fails_leaves_its_slot_to_the_device():
    staging = Staging(1)
    slot = staging.take()

    def outputs():
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        Batch(outputs, 1, staging, slot).result()
    assert staging.take() is not slot
