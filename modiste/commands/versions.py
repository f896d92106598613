"""``modiste versions MODEL``: see and say which versions of a model are to be loaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste.artifact import version_number
from modiste.commands.ending import fail
from modiste.names import is_safe_name

if TYPE_CHECKING:
    from service.repository.version_policy import VersionPolicy

_DEFAULT = "default"
_FORMS = f"expected a number of newest versions such as 3, all, only=1,4 or {_DEFAULT}"


def versions(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="The model's name in URLs.", show_default=False)
    ],
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="POLICY",
            help="So many of the newest (3), all, those named (only=1,4), or default: as the setting says.",
            show_default=False,
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="MODISTE_STATE_DIR",
            help="The server's state folder.",
            show_default="~/.local/state/modiste",
        ),
    ] = None,
) -> None:
    """Show which versions of a model are to be loaded, after saying it anew.

    Works on the state folder of a server, whose workers follow at their next look. What serves stays until a
    version that is wanted can; a version that a label points to stays, too. Whether there are such
    versions is for the server to find out.
    """
    from service.errors import ServingError
    from service.repository.wishes import WishesFile
    from service.settings import state_home

    if not is_safe_name(model):
        raise typer.BadParameter("that is no name of a model in URLs", param_hint="MODEL")
    file = WishesFile(state_dir or state_home())
    try:
        if policy is None:
            wishes = file.read()
        else:
            wanted = _parsed(policy)
            wishes = file.change(lambda wishes: wishes.choosing(model, wanted))
    except ServingError as error:
        fail(error.message)
    typer.echo(_written(wishes.versions.get(model)))


def _parsed(text: str) -> "VersionPolicy | None":
    from pydantic import TypeAdapter, ValidationError

    from service.repository.version_policy import VersionPolicy

    named, _, numbers = text.partition("=")
    if named == "only":
        found: object = tuple(version_number(number.strip()) for number in numbers.split(","))
    else:
        found = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if text == _DEFAULT:
        return None
    try:
        checked: VersionPolicy = TypeAdapter(VersionPolicy).validate_python(found, strict=True)
    except ValidationError as error:
        raise typer.BadParameter(_FORMS, param_hint="POLICY") from error
    return checked


def _written(policy: "VersionPolicy | None") -> str:
    """Return a policy as this command takes it."""
    if isinstance(policy, tuple):
        return f"only={','.join(map(str, policy))}"
    return _DEFAULT if policy is None else str(policy)
