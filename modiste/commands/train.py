"""``modiste train``: from a recipe to a published version."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from modiste.commands.ending import fail

_INTERRUPTED = 130  # what a shell reports for a command that Ctrl-C ended


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
    list_recipes: Annotated[bool, typer.Option("--list", help="List the shipped recipes and exit.")] = False,
) -> None:
    """Train a model by a recipe, evaluate it on the whole test set and publish it as the next version.

    The version appears whole or not at all, and only where it passes the recipe's quality gate.
    """
    if list_recipes:
        return _list()
    if recipe is None:
        fail("Which recipe? Name one; 'modiste train --list' shows those that are shipped.", code=2)
    # A container is stopped by SIGTERM, which process 1 would ignore; it ends the run as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(recipe, data_dir, artifacts, epochs)
    except KeyboardInterrupt:
        fail("Stopped. No half-made version is left behind.", _INTERRUPTED)


def _list() -> None:
    from training.catalog import read_recipe, shipped_recipes

    for name in shipped_recipes():
        shipped = read_recipe(name)
        typer.echo(f"{name:20} {shipped.description} Publishes to {shipped.model}.")


def _run(name: str, data_dir: Path | None, artifacts: Path, epochs: int | None) -> None:
    from modiste.datasets import DatasetError
    from training.catalog import read_recipe
    from training.errors import TrainingError

    try:
        recipe = read_recipe(name, {} if epochs is None else {"fit.epochs": epochs})
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
