"""The schema of a sweep's file: several trainings of one recipe that differ in what it says.

Either `variants` name what is compared, or `search` says in which ranges the best values are looked for.
docs/sweeps.md explains the fields to those who write sweeps.
"""

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from modiste.names import safe_name
from training.schema.fields import refuse_overlap
from training.schema.recipe import Monitor
from training.schema.section import Section

Number = int | float


class Variant(Section):
    """One of the things that are compared: the recipe with these fields changed, dotted as for ``--set``."""

    name: str = Field(min_length=1, max_length=128)
    changes: dict[str, Any] = Field(default_factory=dict)

    @field_validator("changes")
    @classmethod
    def _fields_apart(cls, changes: dict[str, Any]) -> dict[str, Any]:
        _refuse_seed(changes)
        refuse_overlap(changes)
        return changes


class Dimension(Section):
    """The values that one field may take: `choices`, or a range whose ends belong to it.

    A range is of whole numbers where both ends are written as such. `log` tries each order of
    magnitude as often as the next.
    """

    low: Number | None = None
    high: Number | None = None
    log: bool = False
    step: Number | None = Field(default=None, gt=0)
    choices: tuple[Any, ...] | None = Field(default=None, strict=False, min_length=2)

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.choices is not None:
            if not {"low", "high", "log", "step"}.isdisjoint(self.model_fields_set):
                raise ValueError("choices stand alone, without low, high, log or step")
            return self
        if self.low is None or self.high is None:
            raise ValueError("either low and high, or choices")
        if self.low >= self.high:
            raise ValueError(f"low is {self.low} and high {self.high}; low must be the lower")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log wants a low above 0, and no step")
        if self.whole and not isinstance(self.step, int | None):
            raise ValueError(f"step is {self.step}; between whole numbers it must be one")
        if self.step is not None and abs((self.high - self.low) / self.step % 1 - 0.5) < 0.5 - 1e-9:
            raise ValueError(f"from {self.low} to {self.high} is no whole number of steps of {self.step}")
        return self

    @property
    def whole(self) -> bool:
        """Whether the range is of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that are furthest apart: both ends of the range, or all choices."""
        return (self.low, self.high) if self.choices is None else self.choices


class Pruner(Section):
    """End a trial early whose best epoch so far is worse than the median of earlier trials at that epoch.

    Not before so many trials were finished, and not within so many epochs of a trial.
    """

    startup_trials: int = Field(default=5, ge=1)
    warmup_epochs: int = Field(default=1, ge=0)


class Search(Section):
    """A search by Optuna's TPE, the first `startup_trials` at random. `seed` is that of the search."""

    trials: int = Field(ge=1)
    seed: int = Field(default=42, ge=0, lt=2**32)
    startup_trials: int = Field(default=10, ge=1)
    pruner: Pruner | None = None
    space: dict[str, Dimension] = Field(min_length=1)

    @field_validator("space")
    @classmethod
    def _fields_apart(cls, space: dict[str, Dimension]) -> dict[str, Dimension]:
        _refuse_seed(space)
        refuse_overlap(space)  # the table would report values that no trial was trained with
        return space


class SweepFile(Section):
    """A whole sweep. `monitor` is the validation figure by which the best is chosen.

    Left out, it is the one by which the recipe keeps an epoch, or else the validation loss.
    """

    description: str
    recipe: str = Field(min_length=1)
    seeds: tuple[int, ...] | None = Field(default=None, strict=False, min_length=1)
    monitor: Monitor | None = None
    variants: tuple[Variant, ...] = Field(default=(), strict=False)
    search: Search | None = None

    @field_validator("seeds")
    @classmethod
    def _seeds_are_seeds(cls, seeds: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if seeds is None else checked_seeds(seeds)

    @field_validator("variants")
    @classmethod
    def _variants_differ(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        folders: set[str] = set()
        for variant in variants:
            # Some file systems take A for a.
            folder = safe_name(variant.name).lower()
            if folder in folders:
                raise ValueError(f"two variants are called {variant.name!r}; names must differ")
            folders.add(folder)
        return variants

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.variants) == (self.search is not None):
            raise ValueError("a sweep has either [[variants]], to compare them, or [search]")
        return self


def checked_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    """Return the seeds.

    Raises:
        ValueError: there is none, one stands twice, or one is out of range.
    """
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= seed < 2**32 for seed in seeds):
        raise ValueError(f"seeds are {list(seeds)}; expected different numbers from 0 to {2**32 - 1}")
    return seeds


def _refuse_seed(fields: dict[str, Any]) -> None:
    if "seed" in fields:
        raise ValueError("the seed is no field to change; the sweep's own field 'seeds' lists them")
