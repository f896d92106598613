"""A batch that a device computes."""

from service.engine.forms import Outputs
from service.engine.staging import Slot, Staging
from service.rows import Rows


class Batch:
    """A batch under way; where it was padded it holds a slot, which is free when its outputs are there."""

    def __init__(
        self, outputs: Outputs, count: int, staging: Staging | None = None, slot: Slot | None = None
    ) -> None:
        self._outputs = outputs
        self._count = count
        self._staging = staging
        self._slot = slot

    def result(self) -> Rows:
        """Wait for the outputs of the rows, without the padding; see `service.engine.port.Pending`."""
        if self._staging is None or self._slot is None:
            return self._outputs()[: self._count]
        try:
            # A copy: a model that hands its input through may answer with the slot's own memory.
            outputs = self._outputs()[: self._count].copy()
        except BaseException:
            self._staging.replace()
            raise
        self._staging.give_back(self._slot)
        return outputs
