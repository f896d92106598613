"""Where the experiments train: data found once, and trainings that are remembered in their folders.

A training is asked for by recipe and seed. Its folder is named after both and after everything else that
decides it, so a course that was stopped goes on where it was, two experiments share what they have
in common, and nothing old is ever taken for something else.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

from modiste.datasets import Dataset, DatasetError
from training.catalog import read_any, read_recipe
from training.course.budget import Budget
from training.download import download_with_keras
from training.errors import TrainingError
from training.loading import load_data
from training.schema.baseline import Baseline
from training.schema.recipe import Recipe
from training.sweep import Row, SweepResult, read_sweep, recover, run_sweep, train_one
from training.train import run_identity
from training.trained import Trained


class Lab:
    """One course's means.

    Args:
        budget: how much is spent.
        runs: the folder that keeps the trainings.
        data_dir: where data are looked for first.
        instead: the path of an ``.npz`` or a folder, for the name of the data set that it stands for.
        at_hand: data sets by name, which then are not looked for.
    """

    def __init__(
        self,
        budget: Budget,
        runs: Path,
        data_dir: Path | None = None,
        instead: Mapping[str, str] | None = None,
        at_hand: Mapping[str, Dataset] | None = None,
    ) -> None:
        self.budget = budget
        self.datasets: dict[str, Dataset] = {}
        self.seconds = 0.0
        self._runs, self._data_dir = runs, data_dir
        self._changes = {name: {"data.dataset": path} for name, path in (instead or {}).items()}
        self._at_hand = dict(at_hand or {})
        self._missing: dict[str, DatasetError] = {}
        self._done: set[Path] = set()
        self._models: dict[Path, Trained] = {}

    def recipe(self, name: str) -> Recipe:
        """Return a shipped recipe, its data replaced and its epochs shortened as this course wants them."""
        return self.budget.shorten(read_recipe(name, self._replaced(read_recipe(name))))

    def baseline(self, name: str) -> tuple[Baseline, Dataset]:
        """Return a shipped baseline and its data.

        Raises:
            DatasetError: they are nowhere to be found.
        """
        found = read_any(name, self._replaced(read_any(name)))
        assert isinstance(found, Baseline), f"{name} is no baseline"
        return found, self.find(found)

    def find(self, recipe: Recipe | Baseline) -> Dataset:
        """Return the data that a recipe names, with no more rows than there may be.

        Raises:
            DatasetError: they are nowhere to be found; the second time without looking again.
        """
        name = recipe.data.dataset
        if name in self._missing:
            raise self._missing[name]
        if name not in self.datasets:
            try:
                found = self._at_hand.get(name) or self._load(recipe)
            except DatasetError as error:
                self._missing[name] = error
                raise
            self.datasets[name] = self.budget.reduce(found)
        return self.datasets[name]

    def train(self, name: str, seed: int | None = None) -> Row:
        """Train by a shipped recipe, with its own seed or another, or return what is remembered of it.

        Raises:
            DatasetError: the data are nowhere to be found.
            TrainingError: it did not come to its end.
        """
        recipe = self.recipe(name)
        if seed is not None:
            recipe = recipe.model_copy(update={"seed": seed})
        folder = self._folder(f"{name}-seed{recipe.seed}", [recipe])
        print(f"\n{name}, seed {recipe.seed}", flush=True)
        row = train_one(name, recipe, folder, self.find)
        if row.outcome != "finished":
            raise TrainingError(f"{name}, seed {recipe.seed}: {row.reason}")
        self._count(row)
        return row

    def train_all(self, name: str) -> list[Row]:
        """Train by a shipped recipe once with each seed of the budget.

        Raises:
            DatasetError, TrainingError: as `train`.
        """
        return [self.train(name, seed) for seed in self.budget.seeds]

    def model(self, row: Row) -> Trained:
        """Return the model of a training, with the weights of its kept epoch."""
        if row.folder not in self._models:
            with redirect_stdout(StringIO()):  # it says again how the training ended
                run, self._models[row.folder] = recover(row, self.find)
            run.close()
        return self._models[row.folder]

    def sweep(self, name: str) -> SweepResult:
        """Run a shipped sweep, with the first seed of the budget.

        Raises:
            DatasetError, TrainingError: as `train`.
        """
        asked = read_sweep(name, seeds=self.budget.seeds[:1])
        changes = self._replaced(next(iter(asked.variants.values())))
        asked = read_sweep(name, changes, self.budget.seeds[:1])
        variants = {variant: self.budget.shorten(recipe) for variant, recipe in asked.variants.items()}
        folder = self._folder(name, list(variants.values()))
        result = run_sweep(replace(asked, variants=variants), folder, self.find)
        for row in result.rows:
            self._count(row)
        return result

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time of the block."""
        started = monotonic()
        yield
        self.seconds += monotonic() - started

    def _load(self, recipe: Recipe | Baseline) -> Dataset:
        return load_data(recipe.data, self._data_dir, download_with_keras)

    def _replaced(self, recipe: Recipe | Baseline) -> dict[str, Any]:
        return self._changes.get(recipe.data.dataset, {})

    def _folder(self, name: str, recipes: list[Recipe]) -> Path:
        decisive = [run_identity(recipe, self.find(recipe)) for recipe in recipes]
        digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
        return self._runs / self.budget.name / f"{name}-{digest[:8]}"

    def _count(self, row: Row) -> None:
        if row.folder not in self._done:
            self._done.add(row.folder)
            self.seconds += row.seconds
