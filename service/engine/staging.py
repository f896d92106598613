"""Host memory in which batches are padded before they are copied to a device, used again and again.

Making a zeroed array for each batch costs more than filling it: its pages are fresh each time.
"""

import math
import queue
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_ALIGNMENT = 64
"""As XLA wants it: memory aligned so is what its CPU device uses in place, without a copy."""


class Slot:
    """Memory for one batch at a time, as large as the largest that it has held."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def padded(self, rows: NDArray[Any], size: int, dtype: DTypeLike) -> NDArray[Any]:
        """Return `rows` as `dtype` with zeros behind them, [size, ...]; valid until the next call."""
        batch = self._view((size, *rows.shape[1:]), np.dtype(dtype))
        batch[: len(rows)] = rows
        batch[len(rows) :] = 0
        return batch

    def _view(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        needed = math.prod(shape) * dtype.itemsize
        if needed > len(self._memory):
            self._memory = _aligned(needed)
        return self._memory[:needed].view(dtype).reshape(shape)


def _aligned(length: int) -> NDArray[np.uint8]:
    memory = np.empty(length + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + length]


class Staging:
    """A fixed number of slots. A slot is one batch's until its outputs are there, and then the next one's.

    No sooner: a copy to a device goes on after the call that asked for it, and a CPU device computes in
    the slot's own memory.
    """

    def __init__(self, slots: int) -> None:
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        for _ in range(slots):
            self._free.put(Slot())

    def take(self) -> Slot:
        """Return a free slot; wait for one where every slot is in use."""
        return self._free.get()

    def give_back(self, slot: Slot) -> None:
        """Free the slot of a batch whose outputs are there."""
        self._free.put(slot)

    def replace(self) -> None:
        """Free a new slot for one whose batch failed: the device may still read the old one."""
        self._free.put(Slot())
