"""``modiste train``: from a recipe to a published version."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from modiste.commands.ending import fail, stoppable


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe's name (see --list), or the path of a TOML file.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look for the data in this folder first; then in the usual places, then download."),
    ] = None,
    artifacts: Annotated[Path, typer.Option(help="Publish into this folder.")] = Path("artifacts"),
    epochs: Annotated[int | None, typer.Option(min=1, help="Train at most so many epochs.")] = None,
    no_gate: Annotated[
        bool,
        typer.Option("--no-gate", help="Publish even below the recipe's quality gate, as a quick trial is."),
    ] = False,
    list_recipes: Annotated[bool, typer.Option("--list", help="List the shipped recipes and exit.")] = False,
) -> None:
    """Train a model by a recipe, evaluate it on the whole test set and publish it as the next version.

    The version appears whole or not at all, and only where it passes the recipe's quality gate.
    """
    if list_recipes:
        return _list()
    if recipe is None:
        fail("Which recipe? Name one; 'modiste train --list' shows those that are shipped.", code=2)
    with stoppable("No half-made version is left behind."):
        _run(recipe, recipe_changes(epochs, no_gate=no_gate), data_dir, artifacts)


def recipe_changes(epochs: int | None, *, no_gate: bool) -> dict[str, Any]:
    """Return what the options replace in a recipe; the version stores the recipe as it was replaced."""
    changes: dict[str, Any] = {}
    if epochs is not None:
        changes["fit.epochs"] = epochs
    if no_gate:
        changes["gate"] = None
    return changes


def _list() -> None:
    from training.catalog import read_recipe, shipped_recipes

    for name in shipped_recipes():
        shipped = read_recipe(name)
        typer.echo(f"{name:20} {shipped.description} Publishes to {shipped.model}.")


def _run(name: str, changes: Mapping[str, Any], data_dir: Path | None, artifacts: Path) -> None:
    from modiste.datasets import DatasetError
    from training.catalog import read_recipe
    from training.errors import TrainingError

    try:
        recipe = read_recipe(name, changes)
        _start_keras()
        from training.fit import train as fit

        published = fit(recipe, artifacts, data_dir)
    except (DatasetError, TrainingError) as error:
        fail(str(error))
    typer.echo(f"Published {published.folder}")


def _start_keras() -> None:
    from importlib.util import find_spec

    if find_spec("keras") is None:
        fail("Training needs the extra 'train': pip install 'modiste[train]'.")
    from training.starting import start_keras

    typer.echo("Starting Keras (some seconds) ...")
    start_keras()
