"""A folder that appears whole or not at all, whatever kills its writer.

It is written under a temporary name that no reader takes for a version, brought to the disk, and put
in its place by one rename. The writer holds a lock on the folder, which the kernel lets go when the
writer dies, in whatever way and in whatever container: a temporary folder that nobody holds is
rubbish, and the next writer removes it.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modiste.artifact import version_number
from training.files.locking import try_lock

_PREFIX = ".publishing-"


@contextmanager
def staging_folder(parent: Path) -> Iterator[Path]:
    """Give an empty temporary folder under `parent`; what is still there at the end is removed.

    Raises:
        OSError: the folder cannot be made.
    """
    remove_stale(parent)
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def claim_version(folder: Path, seal: Callable[[int], None]) -> Path:
    """Rename a staging folder to the next free version beside it.

    Two writers may want one number: the rename of the second fails, because the folder is no longer
    empty, and it takes the next.

    Args:
        folder: the complete staging folder.
        seal: writes what depends on the version's number into the folder; may be called again.

    Returns:
        The version's folder.

    Raises:
        OSError: the disk is full, or the folder may not be written to.
    """
    parent = folder.parent
    while True:
        version = 1 + max((version_number(path.name) or 0 for path in parent.iterdir()), default=0)
        seal(version)
        _sync_tree(folder)
        try:
            folder.rename(parent / str(version))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            continue
        _sync(parent)
        _sync(parent.parent)
        return parent / str(version)


def remove_stale(parent: Path) -> None:
    """Remove the temporary folders that dead writers left under `parent`."""
    for folder in parent.glob(f"{_PREFIX}*"):
        lock = try_lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = parent / f"{_PREFIX}{secrets.token_hex(4)}"
        folder.mkdir(parents=True)  # not tempfile.mkdtemp: the server's user must be able to read a version
        lock = try_lock(folder)
        if lock is not None:
            return folder, lock


def _sync_tree(folder: Path) -> None:
    for root, _, names in os.walk(folder):
        for name in names:
            _sync(Path(root) / name)
        _sync(Path(root))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
