"""A published data set: what it is called, where it lies, and the file formats that it is published in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modiste.datasets.errors import AbsentFilesError, UnusableFolderError
from modiste.datasets.records import Origin, Reading, Split, SplitName


class FileFormat(Protocol):
    """One form in which a data set is published: names and sums of its files, and how to read them."""

    @property
    def wanted(self) -> str:
        """The names of the files, for a message."""

    def read(self, folder: Path, split: SplitName) -> Reading:
        """Read one split from a folder.

        Raises:
            AbsentFilesError: none of the files is there.
            UnusableFolderError: some are, but one is missing, damaged or not the published one.
        """


@dataclass(frozen=True, slots=True)
class Corpus:
    """A published data set in one or several `formats`, the one to look for first at the beginning.

    `image_shape`, of one image, and `train_rows` are what every format of it holds, known without any file.
    `folders` are the names that its folder goes by, under a cache of data sets or a folder that the user
    names; `package` is Debian's package of it, if there is one, which puts it in `system_folder`. `unread`
    are files of formats that it is published in, too, and that are not read.
    """

    name: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    train_rows: int
    folders: tuple[str, ...]
    formats: tuple[FileFormat, ...]
    package: str | None = None
    system_folder: Path | None = None
    unread: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """The files to look for: one format or the other."""
        return ", or ".join(form.wanted for form in self.formats)

    def read(self, origin: Origin, split: SplitName) -> Split:
        """Read one split from `origin.folder` in the first format that is there, and no file of the other.

        Raises:
            AbsentFilesError: the folder holds no file of any format.
            UnusableFolderError: it does, but no format is complete and sound, or is one that is read.
        """
        if not origin.folder.is_dir():
            raise AbsentFilesError("there is no such folder")
        misses: list[UnusableFolderError] = []
        for form in self.formats:
            try:
                reading = form.read(origin.folder, split)
            except UnusableFolderError as error:
                misses.append(error)
            else:
                return Split(split, self.class_names, reading.x, reading.y, reading.files, origin)
        misses += [
            UnusableFolderError(f"{name} is there, whose format is not read; take {self.wanted}")
            for name in self.unread
            if (origin.folder / name).exists()
        ]
        telling = [miss for miss in misses if not isinstance(miss, AbsentFilesError)]
        kind = UnusableFolderError if telling else AbsentFilesError
        raise kind("; ".join(str(miss) for miss in telling or misses))
