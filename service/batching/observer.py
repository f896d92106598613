"""The port to whoever wants to hear of every batch."""

from typing import Protocol


class Observer(Protocol):
    """Hears how every batch ended, by the batcher's clock; it must be quick, and may not raise."""

    def batch_computed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Hear of a batch that has its outputs, from the hand-over to the engine until they were there."""

    def batch_failed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Hear of a batch that failed."""


class Nobody:
    """Observes nothing."""

    def batch_computed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Do nothing."""

    def batch_failed(self, rows: int, began_at: float, ended_at: float) -> None:
        """Do nothing."""
