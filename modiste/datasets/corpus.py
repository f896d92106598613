"""A data set published as four IDX files, and how one folder of it is read and checked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modiste.datasets import idx
from modiste.datasets.errors import UnusableFolderError
from modiste.datasets.records import Form, FoundFile, Origin, Split, SplitName


@dataclass(frozen=True, slots=True)
class IdxFile:
    """One published file: found under `name`, with ``.gz`` or without.

    `sha256` is of the decompressed bytes and decides; `md5` is of the published ``.gz`` and only says
    whether a file is that very one, for packagers compress the same bytes anew.
    """

    name: str
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """A published data set: `parts` is keyed ``x_train``, ``y_train``, ``x_test``, ``y_test``.

    `folder` is what its folder is called under a cache of data sets; `package` is Debian's package of
    it, which puts it in `system_folder`.
    """

    name: str
    class_names: tuple[str, ...]
    folder: str
    package: str
    system_folder: Path
    parts: Mapping[str, IdxFile]

    def read(self, origin: Origin, split: SplitName) -> Split:
        """Read one split from `origin.folder`, and no file of the other.

        Raises:
            UnusableFolderError: a file is missing, damaged, or not the published one.
        """
        if not origin.folder.is_dir():
            raise UnusableFolderError("there is no such folder")
        x, x_file = _read_part(origin.folder, self.parts[f"x_{split}"])
        y, y_file = _read_part(origin.folder, self.parts[f"y_{split}"])
        return Split(split, self.class_names, x, y, {"x": x_file, "y": y_file}, origin)


def _read_part(folder: Path, part: IdxFile) -> tuple[NDArray[np.uint8], FoundFile]:
    path = _locate(folder, part.name)
    try:
        stored = path.read_bytes()
        data = idx.decompress(stored)
        _check_sum(path.name, data, part)
        return idx.parse(data), FoundFile(path, _form(stored, part), part.sha256)
    except OSError as error:
        raise UnusableFolderError(f"{path.name} cannot be read: {error.strerror}") from error
    except idx.IdxError as error:
        raise UnusableFolderError(f"{path.name} is damaged: {error}; remove it") from error


def _locate(folder: Path, name: str) -> Path:
    for candidate in (folder / f"{name}.gz", folder / name):
        if candidate.is_file():
            return candidate
    raise UnusableFolderError(f"{name}.gz is missing, and {name} too")


def _check_sum(name: str, data: bytes, part: IdxFile) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != part.sha256:
        raise UnusableFolderError(
            f"{name} is not the published file: SHA-256 of its decompressed bytes is {found[:12]}..., "
            f"expected {part.sha256[:12]}...; remove it"
        )


def _form(stored: bytes, part: IdxFile) -> Form:
    if not idx.is_gzip(stored):
        return "plain"
    md5 = hashlib.md5(stored, usedforsecurity=False).hexdigest()
    return "as published" if md5 == part.md5 else "compressed anew"
