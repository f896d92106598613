"""Finding and reading sweeps: those shipped beside this file, anybody's own, and plain recipes."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.catalog import read_recipe, shipped_recipes
from training.errors import RecipeError
from training.schema.fields import overlap
from training.schema.recipe import Monitor, Recipe
from training.schema.sweep import Search, SweepFile, Variant, checked_seeds
from training.sweep_files.errors import SweepError
from training.toml_file import checked, read_toml

_SHIPPED = Path(__file__).parent.parent / "sweeps"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that was read and checked.

    Attributes:
        name: what its folder is called.
        description: one sentence.
        monitor: the validation figure by which the best is chosen.
        seeds: each variant or trial is trained once with each.
        variants: the recipes that are compared, by name; empty where `search` finds them.
        search: the ranges and the number of trials, if it is a search.
        base: the recipe's name or path, which `recipe` reads.
        changes: what replaces values of all recipes, from the command line.
    """

    name: str
    description: str
    monitor: Monitor
    seeds: tuple[int, ...]
    variants: Mapping[str, Recipe]
    search: Search | None
    base: str
    changes: Mapping[str, Any]

    def recipe(self, changes: Mapping[str, Any]) -> Recipe:
        """Return the base recipe with some fields changed, and then with those of the command line.

        Raises:
            RecipeError: the result is no recipe.
        """
        return read_recipe(self.base, {**changes, **self.changes})


def shipped_sweeps() -> dict[str, str]:
    """Return the description of each sweep that comes with the distribution, by name."""
    return {path.stem: _checked(path, _read(path)).description for path in sorted(_SHIPPED.glob("*.toml"))}


def read_sweep(
    reference: str, changes: Mapping[str, Any] | None = None, seeds: Sequence[int] | None = None
) -> Sweep:
    """Read a sweep, or a recipe, which makes a sweep over seeds, and check all recipes of it.

    Args:
        reference: the name of a shipped sweep or recipe, or the path of a TOML file of either kind.
        changes: values that replace those of every recipe, variants included, by dotted field.
        seeds: instead of the sweep's own.

    Raises:
        SweepError: there is no such sweep, or it has mistakes.
        RecipeError: a recipe of it has mistakes.
    """
    path = _locate(reference)
    document = _read(path) if path is not None else None
    if path is None or document is None or ("recipe" not in document and "network" in document):
        stem = Path(reference).stem
        one = SweepFile(
            description=f"The recipe {stem}, seed by seed.", recipe=reference, variants=(Variant(name=stem),)
        )
        return _resolved(f"{stem}-seeds", one, reference, changes or {}, seeds)
    file = _checked(path, document)
    base = str(path.parent / file.recipe) if file.recipe.endswith(".toml") else file.recipe
    return _resolved(path.stem, file, base, changes or {}, seeds)


def _resolved(
    name: str, file: SweepFile, base: str, changes: Mapping[str, Any], seeds: Sequence[int] | None
) -> Sweep:
    try:
        asked = None if seeds is None else checked_seeds(tuple(seeds))
    except ValueError as error:
        raise SweepError(f"Not a sweep: {error}.") from error
    for field in changes:
        if field == "seed":
            raise SweepError("seed cannot be set for all trainings of a sweep; --seeds lists them.")
        for searched in file.search.space if file.search else ():
            if overlap(searched, field):
                raise SweepError(f"{field} cannot be set: the sweep {name} searches for {searched}.")
    common = read_recipe(base, changes)
    variants = {one.name: _variant(base, one, changes) for one in file.variants}
    monitor = file.monitor or common.keeper or "val_loss"
    _check_monitor(name, monitor, {"the recipe": common} if file.search else variants)
    chosen = asked or file.seeds or (common.seed,)
    sweep = Sweep(name, file.description, monitor, chosen, variants, file.search, base, dict(changes))
    if file.search is not None:
        _check_space(sweep, file.search)
    return sweep


def _check_space(sweep: Sweep, search: Search) -> None:
    """Try the ends of each range alone, to find now what would end a search in its middle."""
    first = {field: dimension.ends[0] for field, dimension in search.space.items()}
    for field, dimension in search.space.items():
        for value in dimension.ends:
            try:
                sweep.recipe({**first, field: value})
            except RecipeError as error:
                raise SweepError(f"The search's space allows {field} = {value!r}. {error}") from error


def _variant(base: str, variant: Variant, changes: Mapping[str, Any]) -> Recipe:
    try:
        return read_recipe(base, {**variant.changes, **changes})
    except RecipeError as error:
        raise RecipeError(f"The variant {variant.name!r}: {error}") from error


def _check_monitor(name: str, monitor: Monitor, recipes: Mapping[str, Recipe]) -> None:
    for which, recipe in recipes.items():
        figures = ("val_loss", f"val_{recipe.metric}")
        if monitor not in figures:
            raise SweepError(
                f"The sweep {name}: monitor is {monitor!r}; allowed with {which}: {', '.join(figures)}."
            )


def _locate(reference: str) -> Path | None:
    """Return the path of a file, or None for the name of a shipped recipe."""
    path, shipped = Path(reference), _SHIPPED / f"{reference}.toml"
    if path.suffix == ".toml" or path.is_file():
        return path
    sweeps = [path.stem for path in sorted(_SHIPPED.glob("*.toml"))]
    if reference in sweeps:
        return shipped
    if reference in shipped_recipes():
        return None
    near = difflib.get_close_matches(reference, [*sweeps, *shipped_recipes()], 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SweepError(
        f"No sweep and no recipe is called {reference!r}.{hint} Shipped sweeps: {', '.join(sweeps)}; "
        "or name a recipe ('modiste train --list'), or the path of a TOML file of either kind."
    )


def _read(path: Path) -> dict[str, Any]:
    return read_toml(path, "sweep", SweepError)


def _checked(path: Path, document: Mapping[str, Any]) -> SweepFile:
    return checked(SweepFile, document, f"sweep {path}", SweepError)
