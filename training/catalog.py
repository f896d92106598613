"""Finding and reading recipes: those shipped beside this file, and anybody's own by path."""

import copy
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.errors import RecipeError
from training.schema.baseline import Baseline
from training.schema.recipe import Recipe
from training.toml_file import checked, read_toml

_SHIPPED = Path(__file__).parent / "recipes"
_WORDS = {"True": True, "False": False, "none": None, "None": None}
_EXACT = 2**53  # floats beyond it are not all whole numbers that somebody wrote


def shipped_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with the distribution."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def read_recipe(reference: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read the recipe of a network and check it.

    Args:
        reference: a shipped recipe's name, or the path of a TOML file.
        changes: values that replace the file's, by dotted field, for example ``{"fit.epochs": 1}``.

    Raises:
        RecipeError: there is no such recipe, or it has mistakes, or is a baseline's; the message names
            each field.
    """
    found = read_any(reference, changes)
    if isinstance(found, Baseline):
        raise RecipeError(f"{reference} is the recipe of a baseline, which has no network and no model.")
    return found


def read_any(reference: str, changes: Mapping[str, Any] | None = None) -> Recipe | Baseline:
    """Read a recipe of either kind: one with a table ``[baseline]`` is a baseline's.

    Raises:
        RecipeError: as `read_recipe`.
    """
    path = _locate(reference)
    document = _with_changes(read_toml(path, "recipe", RecipeError), changes or {})
    kind: type[Recipe | Baseline] = Baseline if "baseline" in document else Recipe
    changed = f", as changed by {', '.join(changes)}," if changes else ""
    return checked(kind, document, f"recipe {path}{changed}", RecipeError)


def _locate(reference: str) -> Path:
    path = Path(reference)
    if path.suffix == ".toml" or path.is_file():
        return path
    if reference not in shipped_recipes():
        near = difflib.get_close_matches(reference, shipped_recipes(), 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Shipped: {', '.join(shipped_recipes())}."
        raise RecipeError(f"No recipe is called {reference!r}. {hint} Or give the path of a TOML file.")
    return _SHIPPED / f"{reference}.toml"


def parse_change(text: str) -> tuple[str, Any]:
    """Return the field and the value of a change that is written ``optimizer.learning_rate=0.0005``.

    The value is TOML; numbers and truth values may be written as Python writes them, too (``.5``, ``True``).
    ``none`` is no value: the field is left out. Anything else is taken for a string, so that names need no
    quotes.

    Raises:
        RecipeError: there is no equals sign, or no field before it.
    """
    field, sign, written = text.partition("=")
    if not sign or not field.strip():
        raise RecipeError(f"A change is written field=value, for example fit.epochs=3; found {text!r}.")
    return field.strip(), _value(written.strip())


def _value(written: str) -> Any:
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return _WORDS[written] if written in _WORDS else _number(written)
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return int(value) if whole and "." not in written else value  # 1e3 is a batch size


def _number(written: str) -> float | str:
    """Return the number that TOML wants another digit beside the point of, such as ``.5``, or the text."""
    try:
        return float(written) if "." in written else written
    except ValueError:
        return written


def _with_changes(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for field, value in changes.items():
        *path, last = field.split(".")
        place: Any = changed
        for name in path:
            place = _step(place, name, field)
        _put(place, last, value, field)
    return changed


def _step(place: Any, name: str, field: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(name, {})
    if isinstance(place, list):
        return place[_index(place, name, field)]
    raise RecipeError(f"{field} cannot be set: what stands before {name!r} is no table and no list.")


def _put(place: Any, name: str, value: Any, field: str) -> None:
    if isinstance(place, dict):
        place[name] = value
    elif isinstance(place, list):
        place[_index(place, name, field)] = value
    else:
        raise RecipeError(f"{field} cannot be set: what stands before {name!r} is no table and no list.")


def _index(place: list[Any], name: str, field: str) -> int:
    if not name.isdecimal() or int(name) >= len(place):
        raise RecipeError(
            f"{field} cannot be set: {name!r} is no place in a list of {len(place)}, counted from 0."
        )
    return int(name)
