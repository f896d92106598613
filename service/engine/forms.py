"""What the Keras engine needs of a backend: a model compiled for one shape and dtype after another."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Outputs = Callable[[], NDArray[np.float32]]
"""Waits for the outputs of a batch; what it returns may be memory of the device, or of the batch."""

Launch = Callable[[NDArray[Any]], Outputs]
"""Hands a batch to the device. The batch must stay as it is until its outputs are there."""


class Forms(Protocol):
    """A model on a device."""

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        ...

    def compile(self, shape: tuple[int, ...], dtype: DTypeLike) -> Launch:
        """Compile for batches of one shape and dtype; integers are cast on the device."""
        ...
