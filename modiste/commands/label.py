"""``modiste label MODEL``: see, set and remove the labels of a model on the server's machine."""

from typing import Annotated

import typer

from modiste.artifact import version_number
from modiste.commands.ending import fail
from modiste.commands.server_state import ModelName, StateDir, wishes_file


def label(
    model: ModelName,
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="LABEL=VERSION", help="Point these labels there.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="LABEL", help="Remove a label.")
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Show the labels of a model, after moving or removing some.

    Works on the state folder of a server, whose workers follow at once: each moves a label
    when the version is loaded there, and until then asks the old one. Whether there is such a version is
    for the server to find out; its log says where there is none.
    """
    from service.errors import ServingError
    from service.repository.wishes import Wishes, check_label

    wanted = dict(_parsed(text) for text in labels or [])
    try:
        for name in (*wanted, *(remove or [])):
            check_label(name)
    except ServingError as error:
        raise typer.BadParameter(error.message) from error

    def changed(wishes: Wishes) -> Wishes:
        for name in remove or []:
            if name not in wishes.of(model):
                fail(f"{model} has no label {name}; nothing was changed.")
            wishes = wishes.unlabelled(model, name)
        for name, version in wanted.items():
            wishes = wishes.labelled(model, name, version)
        return wishes

    file = wishes_file(state_dir)
    try:
        wishes = file.change(changed) if wanted or remove else file.read()
    except ServingError as error:
        fail(error.message)
    for name, version in wishes.of(model).items():
        typer.echo(f"{name}={version}")
    if wanted:
        typer.echo(
            f"Written to {file.path}. A server with this state folder loads the version, then moves the "
            "label; GET /models says where it points now, and the server's log, where there is no such "
            "version.",
            err=True,
        )


def _parsed(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    version = version_number(number)
    if version is None:
        raise typer.BadParameter("expected LABEL=VERSION, such as stable=3", param_hint="LABEL=VERSION")
    return name, version
