"""A data set published as one ``.npz`` with both splits, as Keras does."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modiste.datasets import idx
from modiste.datasets.errors import AbsentFilesError, DamagedFileError, UnusableFolderError
from modiste.datasets.npz import read_arrays
from modiste.datasets.published import PublishedFile, digest, not_published, read_bytes
from modiste.datasets.records import Form, FoundFile, Reading, SplitName


@dataclass(frozen=True, slots=True)
class NpzFile:
    """The file, with the sum of the published one, and the sums of its arrays as plain IDX files.

    A file with the published sum is taken as it is. One that was compressed anew is as good where
    `contents`, keyed ``x_train``, ``y_train``, ``x_test``, ``y_test``, agree.
    """

    published: PublishedFile
    contents: Mapping[str, str]

    @property
    def wanted(self) -> str:
        """What to look for."""
        return self.published.name

    def read(self, folder: Path, split: SplitName) -> Reading:
        """Read one split.

        Raises:
            AbsentFilesError: the file is not in the folder.
            UnusableFolderError: it is damaged, or not the published one.
        """
        path = folder / self.published.name
        if not path.is_file():
            raise AbsentFilesError(f"{path.name} is missing")
        data = read_bytes(path)
        parts = (f"x_{split}", f"y_{split}")
        try:
            arrays = read_arrays(io.BytesIO(data), parts)
        except DamagedFileError as error:
            raise UnusableFolderError(f"{path.name} is damaged: {error}; remove it") from error
        form: Form = "as published" if self.published.agrees(data) else "as published, in another compression"
        for part in parts:
            if part not in arrays or arrays[part].dtype != np.uint8:
                raise UnusableFolderError(f"{path.name} has no array {part!r} of uint8")
            found = idx.sha256(arrays[part])
            if form == "as published, in another compression" and found != self.contents[part]:
                raise not_published(
                    f"{path.name}'s {part}", "sha256", found, self.contents[part], "it as IDX"
                )
        files = {path.name: FoundFile(path, form, digest(data))}
        return Reading(arrays[parts[0]], arrays[parts[1]], files)
