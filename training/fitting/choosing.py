"""Which epoch is kept, and when a fit is over: functions of the history alone.

Keras's own callbacks remember their best value and their patience in themselves, and forget both when
a run is resumed; what is computed from the stored history cannot be forgotten.
"""

from collections.abc import Mapping, Sequence

from training.schema.recipe import EarlyStopping, Monitor, Recipe

Figures = Mapping[str, Sequence[float]]


def best_epoch(history: Figures, monitor: Monitor) -> int:
    """Return the first epoch with the best value of a figure, counted from 1."""
    values = history[monitor]
    best = max(values) if monitor == "val_accuracy" else min(values)
    return list(values).index(best) + 1


def kept_epoch(history: Figures, recipe: Recipe) -> int:
    """Return the epoch whose weights are the result: the last one where the recipe monitors nothing."""
    return len(history["loss"]) if recipe.keeper is None else best_epoch(history, recipe.keeper)


def is_over(history: Figures, recipe: Recipe) -> bool:
    """Say whether no epoch is to follow: all were run, or the recipe's patience is at its end."""
    done = len(history.get("loss", ()))
    if done >= recipe.fit.epochs:
        return True
    stopping = recipe.early_stopping
    return done > 0 and stopping is not None and _out_of_patience(history, stopping)


def _out_of_patience(history: Figures, stopping: EarlyStopping) -> bool:
    # As Keras counts it: with a patience of 0 the first epoch that is no better ends the run, as with 1.
    worse = len(history["loss"]) - best_epoch(history, stopping.monitor)
    return worse >= max(1, stopping.patience)
