"""The epochs of one fit, each a function of the run's state, the recipe's seed and the epoch's number.

Keras fits one epoch at a time: what happens between two is decided here, from the history, so that a
run which was killed and goes on takes the same decisions.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from training.fitting.choosing import best_epoch, is_over, kept_epoch
from training.fitting.interrupt import stop_on_signal
from training.fitting.non_finite import StopOnNonFiniteLoss
from training.fitting.partition import Partition
from training.fitting.progress import ProgressBar
from training.fitting.state import FitState, capture, restore
from training.logs import RunLog
from training.schema.recipe import Recipe
from training.trained import History

_VALIDATION_BATCH = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a fit ended with: the weights of the kept epoch, and the figures of all."""

    weights: list[Any]
    history: History
    kept_epoch: int


def steps_per_epoch(recipe: Recipe, rows: int) -> int:
    """Return the number of batches in an epoch, the last one perhaps smaller."""
    return -(-rows // recipe.fit.batch_size)


def fit(
    model: Any,
    recipe: Recipe,
    data: Partition,
    state: FitState | None = None,
    keep: Callable[[FitState], None] = lambda _: None,
    logs: Sequence[RunLog] = (),
) -> Fitted:
    """Fit a compiled model.

    Args:
        model: changed in place; it ends with the weights of the last epoch.
        recipe: how.
        data: on what.
        state: where to go on, if not at the beginning.
        keep: called after each epoch with what the next one depends on.
        logs: told of each epoch.

    Raises:
        NonFiniteLossError: the loss became NaN or infinite.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    state = state or FitState({}, capture(model), None)
    restore(model, state.variables)
    with stop_on_signal() as interrupt, ProgressBar(recipe.fit.epochs) as progress:
        while not is_over(state.history, recipe):
            callbacks = [progress, interrupt, StopOnNonFiniteLoss()]
            state = _epoch(model, recipe, data, state, callbacks)
            keep(state)
            for log in logs:
                log.epoch(len(state.history["loss"]), state.history)
            interrupt.obey()
    restore(model, state.variables)
    history = {name: tuple(values) for name, values in state.history.items()}
    return Fitted(state.best or model.get_weights(), history, kept_epoch(history, recipe))


def _epoch(model: Any, recipe: Recipe, data: Partition, state: FitState, callbacks: list[Any]) -> FitState:
    """Run the next epoch and return the state after it; the images come in an order of its own."""
    done, started = len(state.history.get("loss", ())), time.monotonic()
    order = np.random.default_rng([recipe.seed, done]).permutation(len(data.x_train))
    logged = model.fit(
        data.x_train[order],
        data.y_train[order],
        batch_size=recipe.fit.batch_size,
        shuffle=False,
        epochs=done + 1,
        initial_epoch=done,
        validation_data=(data.x_validation, data.y_validation),
        validation_batch_size=_VALIDATION_BATCH,
        callbacks=callbacks,
        verbose=0,
    ).history
    figures = {name: float(values[0]) for name, values in logged.items()}
    figures["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    figures["seconds"] = round(time.monotonic() - started, 3)
    history = {name: [*state.history.get(name, ()), value] for name, value in figures.items()}
    return FitState(history, capture(model), _best(model, recipe, state, history))


def _best(model: Any, recipe: Recipe, before: FitState, history: dict[str, list[float]]) -> list[Any] | None:
    if recipe.keeper is None:
        return None
    newest = best_epoch(history, recipe.keeper) == len(history["loss"])
    return list(model.get_weights()) if newest else before.best
