"""Starting Keras for the commands that train."""

import os

import typer

from modiste.commands.ending import fail

_BACKEND = "KERAS_BACKEND"
_BACKENDS = ("tensorflow", "jax")


def start_keras() -> None:
    """Say that Keras starts, which takes seconds, and start it; end the command where it is missing."""
    _choose_backend()
    from training import starting

    typer.echo("Starting Keras (some seconds) ...")
    starting.start_keras()


def _choose_backend() -> None:
    """Have Keras take JAX where it is and TensorFlow is not: by itself it would look for TensorFlow alone."""
    from importlib.util import find_spec

    installed = [name for name in _BACKENDS if find_spec(name) is not None]
    if find_spec("keras") is None or not installed:
        fail(
            "Training needs the extra 'train', or 'jax' to do without TensorFlow: make train, or "
            "pip install -e '.[train]'."
        )
    asked = os.environ.get(_BACKEND)
    if asked is None and "tensorflow" not in installed:
        os.environ[_BACKEND] = "jax"
    elif asked in _BACKENDS and asked not in installed:
        fail(f"{_BACKEND} is {asked}, which is not installed here; {' and '.join(installed)} is.")
