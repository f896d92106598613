"""How much of the course is run: as it is taught, or as little as shows that everything works."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from modiste.datasets import Dataset, Split
from training.schema.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Budget:
    """What is spent on each training.

    Attributes:
        name: how it is asked for.
        seeds: those of the experiments whose figures have references; the others take the first.
        epochs: at most so many.
        batch_size: instead of the recipe's; a graph of one step an epoch is made in half the time.
        train_rows: the first so many images of each data set's training part; all where it is None.
        test_rows: the same of the test part.
    """

    name: str
    seeds: tuple[int, ...]
    epochs: int | None = None
    batch_size: int | None = None
    train_rows: int | None = None
    test_rows: int | None = None

    def shorten(self, recipe: Recipe) -> Recipe:
        """Return the recipe with no more epochs than there may be."""
        epochs = min(recipe.fit.epochs, self.epochs or recipe.fit.epochs)
        batch_size = self.batch_size or recipe.fit.batch_size
        fit = recipe.fit.model_copy(update={"epochs": epochs, "batch_size": batch_size})
        return recipe.model_copy(update={"fit": fit})

    def reduce(self, dataset: Dataset) -> Dataset:
        """Return the data set with no more images than there may be."""
        train, test = _first(dataset.train, self.train_rows), _first(dataset.test, self.test_rows)
        return replace(dataset, train=train, test=test)


def _first(split: Split, rows: int | None) -> Split:
    return split if rows is None else replace(split, x=split.x[:rows], y=split.y[:rows])


FULL = Budget("full", seeds=(42, 43, 44))
SMALL = Budget("small", seeds=(42,), epochs=2, batch_size=640, train_rows=800, test_rows=200)
BUDGETS: Mapping[str, Budget] = MappingProxyType({budget.name: budget for budget in (SMALL, FULL)})
