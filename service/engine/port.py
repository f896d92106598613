"""The port that everything above knows of a loaded model: rows in, outputs out.

An engine holds one model version. It knows no queue, no deadline and no protocol.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """One loaded model version. `infer` blocks, and may be called from one thread at a time."""

    name: str
    """The word for it in summaries: ``onnx`` or ``keras``."""

    def infer(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Compute one forward pass.

        Args:
            rows: uint8 or float32 [n, *shape of the model's input], 0 < n <= the batch limit.

        Returns:
            The model's raw outputs, float32 [n, units].

        Raises:
            Exception: whatever the runtime raises; the batcher translates it once.
        """
        ...

    def close(self) -> None:
        """Give back memory and threads; called once, when nothing computes."""
        ...
