"""How a command ends when it cannot do what it was asked."""

from typing import NoReturn

import typer


def fail(message: str, code: int = 1) -> NoReturn:
    """Print the message in red on standard error and end the command with this exit status."""
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(code)
