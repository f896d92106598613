"""The folder that the workers of one running server share: `<state>/run/<server>/`, gone when it ends.

A server that was killed cannot remove its own: the next one does. Which servers live is told by a lock on
their folder, which the system takes back with the process; the number of a process may be another's by now.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

_LOCK = ".lock"


class Place(NamedTuple):
    """Which of a server's workers this is: one of the same number takes its place when it dies."""

    folder: Path
    number: int
    workers: int


class RunFolder:
    """A folder of this server's own, while it is open."""

    def __init__(self, state_dir: Path) -> None:
        self._root = state_dir / "run"
        self._lock = -1
        self.path = self._root

    def __enter__(self) -> Self:
        """Make the folder, and remove those of servers that live no more.

        Raises:
            OSError: the state folder cannot be written to.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        # One server at a time, or a folder that is made and not yet locked would be taken for a dead one's.
        turn = _locked(self._root / _LOCK, wait=True)
        try:
            for folder in self._root.iterdir():
                if folder.is_dir():
                    _remove_if_dead(folder)
            self.path = Path(tempfile.mkdtemp(dir=self._root, prefix=f"{os.getpid()}-"))
            self._lock = _locked(self.path / _LOCK, wait=True)
        finally:
            os.close(turn)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked(path: Path, wait: bool) -> int:
    """Return an open file that holds the lock.

    Raises:
        BlockingIOError: somebody has it, and it is not waited for.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(file)
        raise
    return file


def _remove_if_dead(folder: Path) -> None:
    # Of another user, or in use.
    with suppress(OSError):
        lock = _locked(folder / _LOCK, wait=False)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
