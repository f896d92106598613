"""Whether a folder that may not exist yet can be written to, found out before the work that needs it."""

import tempfile
from pathlib import Path


def nearest_folder(folder: Path) -> Path:
    """Return `folder`, or the nearest one above it that exists.

    Raises:
        OSError: one of them may not be looked at.
    """
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def try_writing(folder: Path) -> None:
    """Make a file in an existing folder, and leave none.

    Tried and not asked: rights say nothing of read-only file systems, and nothing to root of ``/proc``.

    Raises:
        OSError: the folder refuses, or is none.
    """
    with tempfile.TemporaryFile(dir=folder):
        pass
