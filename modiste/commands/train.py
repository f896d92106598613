"""``modiste train``: from a recipe to a published version."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modiste.commands.ending import NOT_BEGUN, fail, stoppable
from modiste.commands.starting import start_keras

if TYPE_CHECKING:
    from training.schema.baseline import Baseline
    from training.schema.recipe import Recipe

_BEGUN = (
    "No half-made version is left behind; the same command with --resume goes on after the last whole epoch."
)


def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe's name (see --list), or the path of a TOML file.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a value: optimizer.learning_rate=0.01."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Train at most so many epochs.")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look for the data in this folder first; then in the usual places, then download."),
    ] = None,
    artifacts: Annotated[Path, typer.Option(help="Publish into this folder.")] = Path("artifacts"),
    runs: Annotated[Path, typer.Option(help="Keep the run's state and logs in this folder.")] = Path("runs"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last run of this recipe that was not published.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write TensorBoard's event files into the run.")
    ] = False,
    mlflow: Annotated[
        str | None,
        typer.Option(
            envvar="MLFLOW_TRACKING_URI", help="Also track in this MLflow server or store (extra 'mlflow')."
        ),
    ] = None,
    no_gate: Annotated[
        bool,
        typer.Option("--no-gate", help="Publish even below the recipe's quality gate, as a quick trial is."),
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Print the network's layers and parameters, and train nothing.")
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
    from modiste.datasets import DatasetError
    from training.catalog import read_any
    from training.errors import TrainingError
    from training.schema.baseline import Baseline

    with stoppable(NOT_BEGUN) as promise:
        try:
            asked = read_any(recipe, recipe_changes(changes or (), epochs, no_gate=no_gate))
            if isinstance(asked, Baseline):
                if summary:
                    fail("A baseline has no network to summarise.")
                return _baseline(asked, data_dir)
            start_keras()
            if summary:
                return _summary(asked, data_dir)
            from training.train import Keeping
            from training.train import train as run

            keeping = Keeping(
                name=Path(recipe).stem,
                runs=runs,
                resume=resume,
                tensorboard=tensorboard,
                mlflow=mlflow,
                command=_command(recipe, changes or (), epochs, no_gate=no_gate),
                begun=lambda: promise(_BEGUN),
            )
            published = run(asked, artifacts, keeping, data_dir)
        except (DatasetError, TrainingError) as error:
            fail(str(error))
        typer.echo(f"Published {published.folder}")


def recipe_changes(
    changes: Sequence[str], epochs: int | None = None, *, no_gate: bool = False
) -> dict[str, Any]:
    """Return what the options replace in a recipe; the version stores the recipe as it was replaced.

    Raises:
        RecipeError: a change is not written as one, or two options change the same value.
    """
    from training.catalog import parse_change
    from training.errors import RecipeError
    from training.schema.fields import overlap

    asked = [(f"--set {change}", *parse_change(change)) for change in changes]
    asked += [(f"--epochs {epochs}", "fit.epochs", epochs)] if epochs is not None else []
    asked += [("--no-gate", "gate", None)] if no_gate else []
    for (option, field, _), (other, same, _) in combinations(asked, 2):
        if overlap(field, same):
            shared = max(field, same, key=len)
            raise RecipeError(f"{option} and {other} both change {shared}; leave one of them out.")
    return {field: value for _, field, value in asked}


def _command(recipe: str, changes: Sequence[str], epochs: int | None, *, no_gate: bool) -> str:
    from shlex import join

    words = ["modiste", "train", recipe, *(word for change in changes for word in ("--set", change))]
    words += ["--epochs", str(epochs)] if epochs is not None else []
    return join(words + (["--no-gate"] if no_gate else []))


def _list() -> None:
    from training.catalog import read_any, shipped_recipes
    from training.schema.baseline import Baseline

    names = shipped_recipes()
    for name in names:
        shipped = read_any(name)
        publishes = "nothing" if isinstance(shipped, Baseline) else _shown(shipped.model)
        typer.echo(f"{name:{max(map(len, names))}}  {shipped.description} Publishes {publishes}.")


def _shown(model: str) -> str:
    """Return a model's name, with the one that it is served under where a URL cannot hold its own."""
    from modiste.names import safe_name

    served = safe_name(model)
    return model if served == model else f"{model}, served as {served}"


def _baseline(baseline: "Baseline", data_dir: Path | None) -> None:
    from training.baseline import cross_validate
    from training.loading import load_data

    dataset = load_data(baseline.data, data_dir, _fetch)
    typer.echo(f"Data: {dataset.name} from {dataset.origin.place} ({dataset.origin.folder})")
    for left in dataset.unread:
        typer.echo(f"  not read: {left}")
    found = cross_validate(dataset, baseline)
    for number, accuracy in enumerate(found.accuracies, 1):
        typer.echo(f"fold {number}/{len(found.accuracies)}  accuracy {accuracy:.4f}")
    typer.echo(f"Mean accuracy {found.mean:.4f} on {found.rows:,} images, {found.seconds:.1f} s")
    typer.echo("Nothing is published: a baseline is there to be compared with.")


def _fetch(name: str) -> Path:
    start_keras()
    from training.download import download_with_keras

    return download_with_keras(name)


def _summary(recipe: "Recipe", data_dir: Path | None) -> None:
    from training.train import untrained

    untrained(recipe, data_dir).summary(line_length=80, print_fn=lambda text, **_: typer.echo(text))
