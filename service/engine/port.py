"""The port that everything above knows of a loaded model: rows in, outputs out.

An engine holds one model version. It knows no queue, no deadline and no protocol.
"""

from typing import Protocol

from service.rows import Rows


class Engine(Protocol):
    """One loaded model version. `infer` blocks, and may be called from one thread at a time."""

    name: str
    """The word for it in summaries: ``onnx`` or ``keras``."""

    batches_in_flight: int
    """How many batches may be under way at once; above one, the engine is a `PipelinedEngine`."""

    def infer(self, rows: Rows) -> Rows:
        """Compute one forward pass.

        Args:
            rows: [n] of the model's inputs, 0 < n <= the batch limit, each of its input's dtype or of
                uint8; not changed, and not to be changed until the outputs are there.

        Returns:
            The model's raw outputs, [n].

        Raises:
            Exception: whatever the runtime raises; the batcher translates it once.
        """
        ...

    def close(self) -> None:
        """Give back memory and threads; called once, when nothing computes."""
        ...


class Pending(Protocol):
    """A batch that was started."""

    def result(self) -> Rows:
        """Wait for the outputs, as `Engine.infer` returns them; called once."""
        ...


class PipelinedEngine(Engine, Protocol):
    """An engine on a device of its own, which computes while the host does something else."""

    def start(self, rows: Rows) -> Pending:
        """Hand a batch to the device and return at once; arguments and errors are those of `infer`.

        One thread starts batches and another waits for them, in the order in which they were started.
        Where `batches_in_flight` batches are under way it blocks until one is fetched.
        """
        ...
