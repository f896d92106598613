"""How a command ends when it cannot do what it was asked, or is told to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

NOT_BEGUN = "Nothing was begun; give the same command again."

_INTERRUPTED = 130  # what a shell reports for a command that Ctrl-C ended


def fail(message: str, code: int = 1) -> NoReturn:
    """Print the message in red on standard error and end the command with this exit status."""
    typer.secho(message, fg="red", err=True)
    raise typer.Exit(code)


@contextmanager
def stoppable(promise: str) -> Iterator[Callable[[str], None]]:
    """End the command with one line when Ctrl-C or SIGTERM stops the block.

    `promise` says what is left, and how to go on; the call that is given replaces it once there is more.
    """
    promised = [promise]
    # A container is stopped by SIGTERM, which process 1 would ignore; it ends the command as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield promised.append
    except KeyboardInterrupt:
        fail(f"Stopped. {promised[-1]}", _INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
