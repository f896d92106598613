"""One training of a sweep: begun, gone on with, or remembered; and brought back to be published."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from modiste.datasets import Dataset
from training.download import download_with_keras
from training.errors import NonFiniteLossError, OutOfMemoryError, RecipeError
from training.files.locking import try_lock
from training.fitting.choosing import kept_epoch
from training.fitting.run import Run
from training.loading import load_data
from training.logs import RunLog, open_logs
from training.schema.recipe import Recipe
from training.sweep.pruning import Pruned
from training.sweep.row import Outcome, Row, read_row, write_row
from training.train import run_identity, train_on
from training.trained import Trained

Find = Callable[[Recipe], Dataset]
"""Gives the data that a recipe names."""

_STATE = "state.npz"


def finder(data_dir: Path | None) -> Find:
    """Return a `Find` that looks where ``modiste train`` does, once for recipes that name the same data."""
    last: list[tuple[str, Dataset]] = []  # one at most: some data fill the memory

    def find(recipe: Recipe) -> Dataset:
        named = recipe.data.model_dump_json(exclude={"target", "validation"})
        if not last or last[0][0] != named:
            last[:] = [(named, load_data(recipe.data, data_dir, download_with_keras))]
        return last[0][1]

    return find


def train_one(variant: str, recipe: Recipe, folder: Path, find: Find, logs: Sequence[RunLog] = ()) -> Row:
    """Train by a recipe, go on with it after its last whole epoch, or return what is remembered of it.

    A loss that is no number, a network that cannot be or is too large, and a pruned trial are results too.

    Raises:
        DatasetError: the data are nowhere to be found.
        SweepError, RunError: the training cannot be kept, or other settings began it.
        KeyboardInterrupt: Ctrl-C, or SIGTERM.
    """
    dataset = find(recipe)
    identity = run_identity(recipe, dataset)
    row = read_row(variant, recipe, folder, identity)
    if row is not None:
        print(f"Done before: {row.outcome}")
        return row
    run = _opened(folder, identity)
    try:
        row = _trained(variant, run, recipe, dataset, logs)
        write_row(row, identity)
        return row
    finally:
        run.close()


def recover(row: Row, find: Find) -> tuple[Run, Trained]:
    """Return a finished training's open run, which the caller closes, and its model.

    From the run's last state, without training; where that is gone, as after a publication, anew.

    Raises:
        DatasetError: the data are nowhere to be found.
        RunError: the run cannot be read, or is another process's.
    """
    dataset = find(row.recipe)
    run = Run.reopen(row.folder, run_identity(row.recipe, dataset))
    try:
        return run, _fit(row.recipe, dataset, run, ())
    except BaseException:
        run.close()
        raise


def _opened(folder: Path, identity: Mapping[str, Any]) -> Run:
    if folder.exists() and not (folder / _STATE).exists():
        lock = try_lock(folder)
        if lock is not None:
            # Killed before its first epoch was whole: nothing in it is worth keeping.
            shutil.rmtree(folder)
            os.close(lock)
    return Run.reopen(folder, identity) if folder.exists() else Run.begin(folder, identity)


def _fit(recipe: Recipe, dataset: Dataset, run: Run, logs: Sequence[RunLog]) -> Trained:
    # Layers are numbered from 1 again and graphs are let go: as in a process of its own.
    keras.utils.clear_session()
    return train_on(dataset, recipe, run, logs)


def _trained(variant: str, run: Run, recipe: Recipe, dataset: Dataset, logs: Sequence[RunLog]) -> Row:
    kept = open_logs(run.folder, tensorboard=False, mlflow=None, name=variant)
    try:
        trained = _fit(recipe, dataset, run, [*kept, *logs])
    except Pruned as pruned:
        return _ended(variant, run, recipe, "pruned", str(pruned))
    except (NonFiniteLossError, OutOfMemoryError, RecipeError) as error:
        print(error)
        return _ended(variant, run, recipe, "failed", str(error))
    return Row(
        variant=variant,
        recipe=recipe,
        folder=run.folder,
        outcome="finished",
        reason="",
        history=trained.history,
        kept_epoch=trained.kept_epoch,
        figures=trained.figures,
        parameters=trained.model.count_params(),
    )


def _ended(variant: str, run: Run, recipe: Recipe, outcome: Outcome, reason: str) -> Row:
    state = run.state
    history = {name: tuple(values) for name, values in state.history.items()} if state else {}
    kept = kept_epoch(history, recipe) if history else None
    return Row(variant, recipe, run.folder, outcome, reason, history, kept, {}, None)
