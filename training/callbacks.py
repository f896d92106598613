"""What happens around the epochs of one fit: stop on a broken loss, keep the best, stop early."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from training.errors import NonFiniteLossError
from training.recipe import Recipe


def callbacks_for(recipe: Recipe, best: Path) -> list[Any]:
    """Return the callbacks of one fit, new ones: Keras's EarlyStopping cannot be used for two.

    Args:
        recipe: says which epochs are kept and when to stop.
        best: where the best epoch's model goes, if the recipe asks for checkpoints.
    """
    callbacks: list[Any] = [StopOnNonFiniteLoss()]
    if recipe.checkpoint is not None:
        monitor = recipe.checkpoint.monitor
        callbacks.append(keras.callbacks.ModelCheckpoint(best, monitor=monitor, save_best_only=True))
    if recipe.early_stopping is not None:
        stopping = recipe.early_stopping
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor=stopping.monitor, patience=stopping.patience, restore_best_weights=True
            )
        )
    return callbacks


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
        self._check(logs, "loss", f"epoch {self._epoch}, batch {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the validation loss."""
        self._check(logs, "val_loss", f"epoch {epoch + 1}")

    def _check(self, logs: Mapping[str, float] | None, name: str, where: str) -> None:
        value = (logs or {}).get(name, 0.0)
        if not math.isfinite(value):
            raise NonFiniteLossError(
                f"Training stopped: {name} became {value} in {where}. Lower optimizer.learning_rate "
                "in the recipe; nothing was published."
            )
