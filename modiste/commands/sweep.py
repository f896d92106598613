"""``modiste sweep``: several trainings of one recipe, compared or searched, in one table and one picture."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste.commands.ending import NOT_BEGUN, fail, stoppable
from modiste.commands.starting import start_keras
from modiste.commands.train import recipe_changes

if TYPE_CHECKING:
    from training.sweep_files.catalog import Sweep


def sweep(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            help="A shipped sweep (see --list), a recipe to train with each seed, or the path of either.",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Change one value of the recipe in every training."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Train at most so many epochs each.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Train each variant or trial once with each of these."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The sweep's folder; left out, the next number in runs/NAME.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the sweep in --out, or with the last one in runs/NAME."),
    ] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the best one, chosen by validation, through its gate.")
    ] = False,
    artifacts: Annotated[Path, typer.Option(help="Publish into this folder.")] = Path("artifacts"),
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look for the data in this folder first; then in the usual places, then download."),
    ] = None,
    list_sweeps: Annotated[bool, typer.Option("--list", help="List the shipped sweeps and exit.")] = False,
) -> None:
    """Train variants of a recipe, or search for its best values, and leave one table and one picture.

    The best is chosen by validation figures; test figures stand in the table and decide nothing.
    """
    if list_sweeps:
        return _list()
    if reference is None:
        fail("Which sweep? Name one; 'modiste sweep --list' shows those that are shipped.", code=2)
    from modiste.datasets import DatasetError
    from training.errors import TrainingError
    from training.sweep_files.catalog import read_sweep
    from training.sweep_files.folder import choose_folder

    with stoppable(NOT_BEGUN) as promise:
        try:
            asked = read_sweep(reference, recipe_changes(changes or (), epochs), _numbers(seeds))
            folder = choose_folder(Path("runs") / asked.name, out, resume=resume)
            start_keras()
            command = _command(reference, changes or (), epochs, seeds)
            begun = partial(promise, "The same command with --resume goes on after the last whole epoch.")
            _run(asked, folder, artifacts if publish else None, data_dir, command, begun)
        except (DatasetError, TrainingError) as error:
            fail(str(error))


def _run(
    asked: "Sweep",
    folder: Path,
    artifacts: Path | None,
    data_dir: Path | None,
    command: str,
    begun: Callable[[], None],
) -> None:
    from training.publishing.publish import check_writable
    from training.sweep import (
        PICTURE,
        again,
        draw,
        finder,
        print_table,
        publish_best,
        run_sweep,
        verdict,
        write_table,
    )

    if artifacts is not None:
        for recipe in asked.variants.values() or (asked.recipe({}),):
            check_writable(artifacts, recipe.model)
    find = finder(data_dir)
    typer.echo(f"Sweep: {folder}")
    result = run_sweep(asked, folder, find, begun)
    write_table(result, folder)
    draw(result, folder / PICTURE)
    typer.echo()
    print_table(result)
    typer.echo(f"\n{verdict(result)}.\nThe table and the picture are in {folder}.")
    command_again = again(result)
    if command_again is not None:
        typer.echo(f"The best one alone: {command_again}")
    if artifacts is not None:
        typer.echo("Publishing the best: saving, preparing, comparing, drawing ...")
        typer.echo(f"Published {publish_best(result, artifacts, find, command).folder}")


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        fail(f"--seeds is {text!r}; expected numbers with commas between, as 42,43,44.", code=2)


def _command(reference: str, changes: Sequence[str], epochs: int | None, seeds: str | None) -> str:
    from shlex import join

    words = ["modiste", "sweep", reference, *(word for change in changes for word in ("--set", change))]
    words += ["--epochs", str(epochs)] if epochs is not None else []
    words += ["--seeds", seeds] if seeds is not None else []
    return join([*words, "--publish"])


def _list() -> None:
    from training.sweep_files.catalog import shipped_sweeps

    for name, description in shipped_sweeps().items():
        typer.echo(f"{name:24} {description}")
    typer.echo("A recipe will do as well (modiste train --list): it is trained once with each of --seeds.")
