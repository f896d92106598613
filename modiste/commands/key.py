"""``modiste key``: make, list and remove API keys in the file that MODISTE_KEYS_FILE names."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste import shared_file
from modiste.commands.ending import fail

if TYPE_CHECKING:
    from service.keys import KeyFile

key = typer.Typer(
    help="Make, list and remove API keys; a server follows within a second.", no_args_is_help=True
)

_File = Annotated[
    Path,
    typer.Option(
        "--file", metavar="FILE", envvar="MODISTE_KEYS_FILE", help="The file of keys.", show_default=False
    ),
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called.", show_default=False)]


@key.command()
def new(
    name: _Name,
    file: _File,
    scope: Annotated[
        list[str], typer.Option(help="What it allows: predict, evaluate, metrics, admin.", show_default=False)
    ],
) -> None:
    """Make a key, print it once, and write its hash to the file.

    As soon as one key has the scope predict, evaluate or metrics, those paths need a key.
    """
    from pydantic import ValidationError

    from service.keys import Key, KeyFile, Scope, new_key, sha256_of

    unknown = sorted(set(scope) - set(Scope))
    if unknown:
        raise typer.BadParameter(f"expected one of {', '.join(Scope)}", param_hint="--scope")
    made = new_key()
    scopes = tuple(one for one in Scope if one in scope)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        entry = Key(name=name, sha256=sha256_of(made.encode()), scopes=scopes, created_at=now)
    except ValidationError as error:
        raise typer.BadParameter(
            "expected letters, digits, '.', '_' and '-', at most 64", param_hint="NAME"
        ) from error

    def with_new(keys: KeyFile) -> KeyFile:
        if name in [one.name for one in keys.keys]:
            fail(f"There is a key {name} already; choose another name, or remove that one first.")
        return KeyFile(keys=(*keys.keys, entry))

    _change(file, with_new)
    typer.echo("This key is shown once and kept nowhere; send it as Authorization: Bearer KEY", err=True)
    typer.echo(made)


@key.command(name="list")
def list_keys(file: _File) -> None:
    """List the keys: name, scopes, when it was made."""
    for one in _read(file).keys:
        typer.echo(f"{one.name}  {','.join(one.scopes)}  {one.created_at:%Y-%m-%d %H:%M}")


@key.command()
def remove(name: _Name, file: _File) -> None:
    """Remove a key: requests with it are refused from the next second on."""
    from service.keys import KeyFile, Scope

    def without(keys: KeyFile) -> KeyFile:
        rest = tuple(one for one in keys.keys if one.name != name)
        if len(rest) == len(keys.keys):
            fail(f"There is no key {name}.")
        before, after = ({scope for one in some for scope in one.scopes} for some in (keys.keys, rest))
        for scope in sorted(before - after - {Scope.ADMIN}):
            typer.secho(
                f"No key has the scope {scope} now: those paths need none any more, but of a server with "
                f"MODISTE_REQUIRE_KEYS={scope}.",
                fg="yellow",
                err=True,
            )
        return KeyFile(keys=rest)

    _change(file, without)


def _change(file: Path, change: "Callable[[KeyFile], KeyFile]") -> None:
    from service.keys import KeyFile

    try:
        with shared_file.locked(file):
            before = _read(file) if file.exists() else KeyFile()
            shared_file.replace(file, change(before).model_dump_json(indent=2).encode() + b"\n")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")


def _read(file: Path) -> "KeyFile":
    from service.keys import KeyFile, KeysUnreadable, read_bytes

    try:
        return KeyFile.parse(read_bytes(file))
    except KeysUnreadable as error:
        fail(f"{file}: {error}")
