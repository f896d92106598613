"""A lock on a folder, which the kernel lets go when its holder dies, in whatever way and container."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def try_lock(folder: Path) -> int | None:
    """Lock a folder and return the descriptor, or None where somebody else holds or removed it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking, the one who held it may have removed or renamed it.
        if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            return descriptor
    os.close(descriptor)
    return None
