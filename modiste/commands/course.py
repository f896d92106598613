"""``modiste course``: run the experiments of the course, and write down what came out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from modiste.commands.ending import fail, stoppable
from modiste.commands.starting import start_keras

_LAST = 14


def course(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="The experiments to run, 1 to 14; all where none is named.")
    ] = None,
    budget: Annotated[
        Literal["small", "full"],
        typer.Option(
            help="full: as the course says. small: two epochs on some images, to see that it works."
        ),
    ] = "full",
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look for the data in this folder first; then in the usual places, then download."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATH", help="Use an .npz or a folder of images in place of a data set."),
    ] = None,
    runs: Annotated[
        Path, typer.Option(help="Keep the trainings in this folder, to go on after a stop.")
    ] = Path("runs/course"),
    page: Annotated[
        Path | None,
        typer.Option(
            help="Write the page here, pictures beside it. [default: course.md in the folder of --runs]"
        ),
    ] = None,
) -> None:
    """Run the fourteen experiments of the course, and write a page with their figures and references.

    What was trained is remembered: the same command goes on where it was stopped. Nothing is published.
    """
    asked = sorted(set(numbers or range(1, _LAST + 1)))
    if asked[0] < 1 or asked[-1] > _LAST:
        fail(f"The experiments have the numbers 1 to {_LAST}; found {', '.join(map(str, asked))}.", code=2)
    instead = _instead(data or [])
    target = page or runs / "course.md"
    with stoppable("The same command goes on after the last whole epoch."):
        start_keras()
        from modiste.datasets import DatasetError
        from training.course.budget import BUDGETS
        from training.course.lab import Lab
        from training.course.page import write_page
        from training.course.running import run_course
        from training.course.verdicts import summary
        from training.errors import TrainingError

        try:
            lab = Lab(BUDGETS[budget], runs, data_dir, instead)
            done = run_course(lab, asked)
            write_page(done, lab, target, _command(numbers or [], budget, data or [], page))
        except (DatasetError, TrainingError) as error:
            fail(str(error))
    typer.echo()
    for line in summary(done, judged=BUDGETS[budget].epochs is None):
        typer.echo(line)
    typer.echo(f"Written: {target}")


def _instead(given: list[str]) -> dict[str, str]:
    """Return the path for each data set's name."""
    from modiste.datasets import dataset_names, is_path

    found = {}
    for text in given:
        name, sign, path = text.partition("=")
        if not sign or name not in dataset_names() or not is_path(path):
            fail(
                f"--data is written NAME=PATH, as mnist=digits.npz: one of {', '.join(dataset_names())}, "
                f"and an .npz or a folder with images; found {text!r}.",
                code=2,
            )
        found[name] = path
    return found


def _command(numbers: list[int], budget: str, data: list[str], page: Path | None) -> str:
    """Return the command as it can be repeated anywhere: files by their names alone."""
    from shlex import join

    words = ["modiste", "course", *map(str, numbers)]
    words += ["--budget", budget] if budget != "full" else []
    for name, _, path in (text.partition("=") for text in data):
        words += ["--data", f"{name}={Path(path).name}"]
    return join([*words, *(["--page", str(page)] if page else [])])
