"""A data set published as batches of CIFAR's formats, loose in a folder or in their archive."""

import io
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modiste.datasets.cifar import Batch
from modiste.datasets.errors import AbsentFilesError, DamagedFileError, UnusableFolderError
from modiste.datasets.published import PublishedFile, digest, read_bytes
from modiste.datasets.records import FoundFile, Reading, SplitName


@dataclass(frozen=True, slots=True)
class CifarFiles:
    """The batches of each split in their order, how to `decode` one, and the archive that holds them all.

    `folder` is the one that the archive unpacks to.
    """

    decode: Callable[[bytes], Batch]
    folder: str
    archive: PublishedFile
    train: tuple[PublishedFile, ...]
    test: tuple[PublishedFile, ...]

    @property
    def wanted(self) -> str:
        """What to look for."""
        return f"{self.folder} or {self.archive.name}"

    def read(self, folder: Path, split: SplitName) -> Reading:
        """Read one split from its batches, or where none is there from the archive.

        Raises:
            AbsentFilesError: neither a batch nor the archive is in the folder.
            UnusableFolderError: a batch is missing, damaged, or not the published one.
        """
        batches = self.train if split == "train" else self.test
        if any((folder / batch.name).is_file() for batch in batches):
            return self._read_batches(folder, batches)
        if (folder / self.archive.name).is_file():
            return self._read_archive(folder / self.archive.name, batches)
        raise AbsentFilesError(f"{batches[0].name} is missing, and {self.archive.name} too")

    def _read_batches(self, folder: Path, batches: tuple[PublishedFile, ...]) -> Reading:
        stored: dict[str, bytes] = {}
        for batch in batches:
            if not (folder / batch.name).is_file():
                raise UnusableFolderError(f"{batch.name} is missing")
            stored[batch.name] = read_bytes(folder / batch.name)
            batch.check(stored[batch.name])
        found = {
            name: FoundFile(folder / name, "as published", digest(data)) for name, data in stored.items()
        }
        return self._joined(stored, found)

    def _read_archive(self, path: Path, batches: tuple[PublishedFile, ...]) -> Reading:
        data = read_bytes(path)
        self.archive.check(data)  # before it is unpacked: nothing but the published one ever is
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
                stored = {batch.name: _member(archive, f"{self.folder}/{batch.name}") for batch in batches}
        except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
            raise UnusableFolderError(f"{path.name} is damaged: {error}; remove it") from error
        return self._joined(stored, {path.name: FoundFile(path, "as published", digest(data))})

    def _joined(self, stored: Mapping[str, bytes], files: dict[str, FoundFile]) -> Reading:
        decoded: list[Batch] = []
        for name, data in stored.items():
            try:
                decoded.append(self.decode(data))
            except DamagedFileError as error:
                raise UnusableFolderError(f"{name} is damaged: {error}; remove it") from error
        x, y = (np.concatenate(arrays) for arrays in zip(*decoded, strict=True))
        x.flags.writeable = y.flags.writeable = False
        return Reading(x, y, files)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise tarfile.TarError(f"it holds no file {name}")
    return file.read()
