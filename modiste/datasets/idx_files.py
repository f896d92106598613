"""A data set published as four IDX files, and how one folder of them is read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modiste.datasets import idx
from modiste.datasets.errors import AbsentFilesError, DamagedFileError, UnusableFolderError
from modiste.datasets.published import digest, not_published, read_bytes
from modiste.datasets.records import Form, FoundFile, Reading, SplitName


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
class IdxFiles:
    """The four files; `parts` is keyed ``x_train``, ``y_train``, ``x_test``, ``y_test``."""

    parts: Mapping[str, IdxFile]

    @property
    def wanted(self) -> str:
        """What to look for."""
        return ", ".join(f"{part.name}.gz" for part in self.parts.values())

    def read(self, folder: Path, split: SplitName) -> Reading:
        """Read one split, and no file of the other.

        Raises:
            AbsentFilesError: neither of its files is in the folder.
            UnusableFolderError: a file is missing, damaged, or not the published one.
        """
        parts = {"x": self.parts[f"x_{split}"], "y": self.parts[f"y_{split}"]}
        paths = {array: _locate(folder, part.name) for array, part in parts.items()}
        for array, path in paths.items():
            if path is None:
                kind = UnusableFolderError if any(paths.values()) else AbsentFilesError
                name = parts[array].name
                raise kind(f"{name}.gz is missing, and {name} too")
        found = {array: _read(path, parts[array]) for array, path in paths.items() if path is not None}
        files = {array: file for array, (_, file) in found.items()}
        return Reading(found["x"][0], found["y"][0], files)


def _locate(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}.gz", folder / name)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _read(path: Path, part: IdxFile) -> tuple[NDArray[np.uint8], FoundFile]:
    stored = read_bytes(path)
    try:
        data = idx.decompress(stored)
        found = digest(data)
        if found != part.sha256:
            raise not_published(path.name, "sha256", found, part.sha256, "its decompressed bytes")
        return idx.parse(data), FoundFile(path, _form(stored, part), part.sha256)
    except DamagedFileError as error:
        raise UnusableFolderError(f"{path.name} is damaged: {error}; remove it") from error


def _form(stored: bytes, part: IdxFile) -> Form:
    if not idx.is_gzip(stored):
        return "plain"
    return "as published" if digest(stored, "md5") == part.md5 else "as published, in another compression"
