"""Finding and reading recipes: those shipped beside this file, and anybody's own by path."""

import copy
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from training.errors import RecipeError
from training.mistakes import explain
from training.recipe import Recipe

_SHIPPED = Path(__file__).parent / "recipes"


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with the distribution."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def read_recipe(reference: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe and check it.

    Args:
        reference: a shipped recipe's name, or the path of a TOML file.
        changes: values that replace the file's, by dotted field, for example ``{"fit.epochs": 1}``.

    Raises:
        RecipeError: there is no such recipe, or it has mistakes; the message names each field.
    """
    path = _locate(reference)
    document = _with_changes(_parse(path), changes or {})
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        mistakes = "\n".join(f"  - {mistake}" for mistake in explain(error))
        raise RecipeError(f"The recipe {path} has mistakes:\n{mistakes}") from error


def _locate(reference: str) -> Path:
    path = Path(reference)
    if path.suffix == ".toml" or path.is_file():
        return path
    if reference not in shipped_recipes():
        near = difflib.get_close_matches(reference, shipped_recipes(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(
            f"No recipe is called {reference!r}.{hint} Shipped: {', '.join(shipped_recipes())}; "
            "or give the path of a TOML file."
        )
    return _SHIPPED / f"{reference}.toml"


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"The recipe {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"The recipe {path} is not valid TOML: {error}.") from error


def _with_changes(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for field, value in changes.items():
        *tables, last = field.split(".")
        table = changed
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise RecipeError(f"{field} cannot be set: {name} is no table of the recipe.")
        table[last] = value
    return changed
