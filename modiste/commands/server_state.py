"""What commands have in common that work on the state folder of a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste.names import is_safe_name

if TYPE_CHECKING:
    from service.repository.wishes import WishesFile


def _safe(name: str) -> str:
    if not is_safe_name(name):
        raise typer.BadParameter("that is no name of a model in URLs")
    return name


ModelName = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="The model's name in URLs.", show_default=False, callback=_safe),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="MODISTE_STATE_DIR",
        help="The server's state folder.",
        show_default="~/.local/state/modiste",
    ),
]


def wishes_file(state_dir: Path | None) -> "WishesFile":
    """Return the file in which a server reads what operators decided."""
    from service.repository.wishes import WishesFile
    from service.settings import state_home

    return WishesFile(state_dir or state_home())
