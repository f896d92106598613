"""Starting Keras for the commands that train."""

import typer

from modiste.commands.ending import fail


def start_keras() -> None:
    """Say that Keras starts, which takes seconds, and start it; end the command where it is missing."""
    from importlib.util import find_spec

    if find_spec("keras") is None:
        fail("Training needs the extra 'train': make train, or pip install -e '.[train]'.")
    from training import starting

    typer.echo("Starting Keras (some seconds) ...")
    starting.start_keras()
