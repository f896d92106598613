"""A lock on a folder, which the kernel lets go when its holder dies, in whatever way and container."""

import fcntl
import os
from pathlib import Path


def try_lock(folder: Path) -> int | None:
    """Lock a folder and return the descriptor, or None where somebody else holds or removed it.

    Raises:
        OSError: the file system knows no locks, or refuses.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking, the one who held it may have removed or renamed it.
        if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None
