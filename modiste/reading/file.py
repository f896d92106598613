"""The first step: getting the bytes of a file that someone else may have put there.

The file is opened once, without following a link and without waiting for a writer, and everything
later works on the bytes that were read and hashed here: what is checked is what is loaded.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from modiste.reading.errors import Reason, Refused

_BLOCK = 1024 * 1024

# O_NONBLOCK makes opening a FIFO without a writer return at once instead of waiting for ever; for a
# regular file it means nothing.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_OPEN_ERRORS = {
    errno.ENOENT: (Reason.NOT_FOUND, "there is no such file"),
    errno.ELOOP: (Reason.SYMBOLIC_LINK, "a symbolic link is not followed; put the file itself here"),
    errno.ENXIO: (Reason.NOT_A_FILE, "expected a regular file, found a socket or a device"),
}


@contextmanager
def open_regular(path: Path, max_bytes: int) -> Iterator[BinaryIO]:
    """Open a regular file of at most `max_bytes` for reading.

    Raises:
        Refused: it is missing, a link, no regular file, not readable, or too large.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        unreadable = (Reason.UNREADABLE, f"it cannot be opened: {error.strerror}")
        raise Refused(*_OPEN_ERRORS.get(error.errno or 0, unreadable)) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(Reason.NOT_A_FILE, f"expected a regular file, found {_kind(status.st_mode)}")
        if status.st_size > max_bytes:
            raise Refused(Reason.TOO_LARGE, f"it has {status.st_size} bytes; the limit is {max_bytes}")
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a FIFO", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")


def blocks(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield a file's bytes in blocks, refusing one that grew past `max_bytes` while it was read."""
    total = 0
    while block := file.read(_BLOCK):
        total += len(block)
        if total > max_bytes:
            raise Refused(Reason.TOO_LARGE, f"it grew past the limit of {max_bytes} bytes while it was read")
        yield block


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return the whole content of a regular file.

    Raises:
        Refused: see `open_regular`.
    """
    with open_regular(path, max_bytes) as file:
        return b"".join(blocks(file, max_bytes))


def copy_file(path: Path, target: Path, max_bytes: int) -> str:
    """Copy a regular file to `target`, a new file, and return the SHA-256 of the bytes copied, in hex.

    Raises:
        Refused: see `open_regular`.
        OSError: `target` cannot be written.
    """
    digest = hashlib.sha256()
    with open_regular(path, max_bytes) as source, target.open("xb") as copy:
        for block in blocks(source, max_bytes):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()
