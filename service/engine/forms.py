"""What the Keras engine needs of a backend: a model compiled for one shape and dtype after another."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from service.rows import Rows

Outputs = Callable[[], Rows]
"""Waits for the outputs of a batch; what it returns may be memory of the device, or of the batch."""

Launch = Callable[[Rows], Outputs]
"""Hands a batch to the device. The batch must stay as it is until its outputs are there."""


class Forms(Protocol):
    """A model on a device."""

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        ...

    def compile(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Launch:
        """Compile for rows of one shape and dtype; numbers are cast on the device to what the model takes."""
        ...


def fields(shape: tuple[int, ...], dtype: np.dtype[Any]) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    """Return shape and dtype of each array that such rows unpack to."""
    if dtype.names is None:
        return [(shape, dtype)]
    return [(shape + dtype[name].shape, dtype[name].base) for name in dtype.names]


def computed_dtypes(tensors: list[Any]) -> list[str]:
    """Return what a model computes its inputs or outputs in: whole numbers as declared, float32 otherwise."""
    return [one.dtype if one.dtype.startswith(("int", "uint", "bool")) else "float32" for one in tensors]
