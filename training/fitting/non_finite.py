"""Ending a fit whose loss is broken."""

import math
from collections.abc import Mapping

import keras

from training.errors import NonFiniteLossError


class StopOnNonFiniteLoss(keras.callbacks.Callback):  # type: ignore[misc]  # keras publishes no types
    """End the run with a clear message: after a NaN every weight is NaN, and no later epoch helps."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remember which epoch it is."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the mean loss of the epoch so far, which a single NaN spoils."""
        self._check(logs, "loss", f"epoch {self._epoch}, by batch {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the validation loss."""
        self._check(logs, "val_loss", f"epoch {epoch + 1}")

    def _check(self, logs: Mapping[str, float] | None, name: str, where: str) -> None:
        value = (logs or {}).get(name, 0.0)
        if not math.isfinite(value):
            raise NonFiniteLossError(
                f"Training stopped: {name} became {value} in {where}. Lower optimizer.learning_rate "
                "in the recipe."
            )
