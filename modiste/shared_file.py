"""A small file that several processes read, and replace one after the other.

A reader takes no lock: it finds the whole of the old text or the whole of the new one. Writers hold the lock
from reading to replacing, so that none undoes what another wrote in between.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MODE = 0o644


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, whose folder is made; every process waits for its turn.

    Raises:
        OSError: the folder or the lock cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file of its own, for the other one is replaced; opened for reading alone, for an administrator may
    # have made it, and others need no right to write to it.
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Put the whole of `data` in place of the file, for ever: a crash leaves the old one or the new one.

    Keeps the mode and, where that is allowed, the owner of the old file, so that a server that runs as
    another user still reads what an administrator wrote; a new file gets those of its folder's owner.

    Raises:
        OSError: it cannot be written; the old file stays.
    """
    try:
        status, mode = path.stat(), path.stat().st_mode & 0o777
    except FileNotFoundError:
        status, mode = path.parent.stat(), _MODE
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            with suppress(PermissionError):
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fsync(descriptor)
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
