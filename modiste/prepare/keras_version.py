"""Which Keras may load a file: earlier ones run code from some files, safe mode or not."""

import re

from modiste.prepare.errors import Failure, PrepareFailed

OLDEST = (3, 15, 1)


def check_keras(version: str) -> None:
    """Check the version of the Keras that is installed.

    Raises:
        PrepareFailed: it is too old, or says no version.
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None or tuple(map(int, found.groups())) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        detail = f"Keras {version} is installed, which runs code from some files; {oldest} or later is needed"
        raise PrepareFailed(Failure.UNAVAILABLE, detail)
