"""The cache of prepared forms of raw model files, by the SHA-256 of the file.

It lies in the state folder and is shared by all workers: one lock, held by whoever prepares, so that one
file is prepared once. The least recently used forms go when the cache is over its size.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modiste.artifact import SUMMARY
from modiste.prepare import (
    Cancellation,
    Failure,
    PrepareFailed,
    PrepareLimits,
    available,
    available_unconverted,
    prepare,
)
from modiste.reading.file import blocks, open_regular

_UNAVAILABLE = (
    "the file is not prepared yet, and preparing needs TensorFlow, which is not installed here "
    "(in the checkout, `make train` or pip install -e '.[train]' brings it; then this goes on by itself)"
)


class PreparedCache:
    """Folders ``<root>/<sha256>/`` with ``summary.json`` and, where it converted, ``model.onnx``.

    Where JAX is and no converter, a form for the Keras engine alone is made as ``<sha256>.unconverted/``:
    under a name of its own, so that it is not taken for the whole one where a converter is.
    """

    def __init__(self, root: Path, max_bytes: int, limits: PrepareLimits) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._limits = limits
        self._cancellation = Cancellation()

    def prepared(self, source: Path) -> Path:
        """Return the folder of the prepared form of `source`; prepare it first where there is none.

        Raises:
            modiste.reading.Refused: it is no regular file.
            modiste.prepare.PrepareError: it was refused, or preparing it failed or cannot be done here.
        """
        folder = self._root / _sha256(source, self._limits.reading.file_bytes)
        convert = available()
        if not convert and not (folder / SUMMARY).exists():
            folder = folder.with_name(f"{folder.name}.unconverted")
        if not (folder / SUMMARY).exists():
            if not convert and not available_unconverted():
                raise PrepareFailed(Failure.UNAVAILABLE, _UNAVAILABLE)
            self._root.mkdir(parents=True, exist_ok=True)
            with self._lock():
                if not (folder / SUMMARY).exists():
                    self._prepare(source, folder, convert)
        os.utime(folder)
        return folder

    def cancel(self) -> None:
        """End what is being prepared now, and prepare nothing more."""
        self._cancellation.cancel()

    def _prepare(self, source: Path, folder: Path, convert: bool) -> None:
        with tempfile.TemporaryDirectory(dir=self._root, prefix=".preparing-") as temporary:
            made = Path(temporary) / folder.name
            made.mkdir()
            prepare(source, made, convert=convert, limits=self._limits, cancellation=self._cancellation)
            made.rename(folder)
        self.shrink(keep=folder)

    def shrink(self, keep: Path) -> None:
        """Remove the least recently used forms until the rest fits; `keep` stays whatever its size."""
        folders = sorted(
            (path for path in self._root.iterdir() if path.is_dir() and not path.name.startswith(".")),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
        total = 0
        for folder in folders:
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > self._max_bytes and folder != keep:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _sha256(source: Path, limit: int) -> str:
    """Hash a file without following a link or waiting for a pipe."""
    digest = hashlib.sha256()
    with open_regular(source, limit) as file:
        for block in blocks(file, limit):
            digest.update(block)
    return digest.hexdigest()
