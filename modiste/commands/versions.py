"""``modiste versions MODEL``: see and say which versions of a model are to be loaded."""

from typing import TYPE_CHECKING, Annotated

import typer

from modiste.artifact import version_number
from modiste.commands.ending import fail
from modiste.commands.server_state import ModelName, StateDir, wishes_file

if TYPE_CHECKING:
    from service.repository.version_policy import VersionPolicy

_DEFAULT = "default"
_FORMS = f"expected a number of newest versions such as 3, all, only=1,4 or {_DEFAULT}"


def versions(
    model: ModelName,
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="POLICY",
            help="So many of the newest (3), all, those named (only=1,4), or default: as the setting says.",
            show_default=False,
        ),
    ] = None,
    state_dir: StateDir = None,
) -> None:
    """Show which versions of a model are to be loaded, after saying it anew.

    Works on the state folder of a server, whose workers follow at their next look. What serves stays until a
    version that is wanted can; a version that a label points to stays, too. Whether there are such
    versions is for the server to find out.
    """
    from service.errors import ServingError

    file = wishes_file(state_dir)
    try:
        if policy is None:
            wishes = file.read()
        else:
            wanted = _parsed(policy)
            wishes = file.change(lambda wishes: wishes.choosing(model, wanted))
    except ServingError as error:
        fail(error.message)
    typer.echo(_written(wishes.versions.get(model)))
    if policy is not None:
        typer.echo(
            f"Written to {file.path}. A server with this state folder follows at its next look, and its log "
            f"says what is not there; `modiste versions {model} {_DEFAULT}` takes it back.",
            err=True,
        )


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
