"""Where a published data set is looked for, and in which order.

1. the folder that the user names,
2. Keras's cache, ``$KERAS_HOME`` or ``~/.keras``,
3. the folder of the operating system's package, where there is one,
4. a download, only where the caller passes the means: this package knows no network.

In each of them the files lie in a folder by one of the data set's names, or loose.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from modiste.datasets.corpus import Corpus
from modiste.datasets.errors import (
    AbsentFilesError,
    DatasetError,
    DatasetNotFoundError,
    UnusableFolderError,
)
from modiste.datasets.records import Origin, Split, SplitName

Fetch = Callable[[str], Path]
"""Downloads the data set of this name; returns the folder that holds its folder. Raises `DatasetError`."""

_DOWNLOAD = "the download"


def local_places(corpus: Corpus, data_dir: Path | None) -> tuple[Origin, ...]:
    """Return the places of this machine that may hold the data set, first choice first."""
    cache = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    places = [Origin("Keras's cache", cache / "datasets")]
    if data_dir is not None:
        places.insert(0, Origin("the given data folder", data_dir))
    if corpus.system_folder is not None:
        places.append(Origin("the system's package", corpus.system_folder))
    return tuple(places)


def find(
    corpus: Corpus, splits: Iterable[SplitName], data_dir: Path | None = None, fetch: Fetch | None = None
) -> list[Split]:
    """Read the splits from the first place that holds them all.

    Raises:
        DatasetNotFoundError: no place does; the message names each and what was wrong there.
    """
    wanted = tuple(splits)
    misses: list[str] = []
    for place in local_places(corpus, data_dir):
        found = _read(corpus, place, wanted, misses)
        if found is not None:
            return found
    if fetch is not None:
        try:
            downloaded = Origin(_DOWNLOAD, fetch(corpus.name))
        except DatasetError as error:
            misses.append(f"{_DOWNLOAD}: {error}")
        else:
            found = _read(corpus, downloaded, wanted, misses)
            if found is not None:
                return found
    raise DatasetNotFoundError(_message(corpus, misses))


def _read(
    corpus: Corpus, place: Origin, wanted: tuple[SplitName, ...], misses: list[str]
) -> list[Split] | None:
    """Read the splits from the first folder of a place that holds them all; add to `misses` if none does."""
    tried: list[tuple[Path, UnusableFolderError]] = []
    for folder in _folders(corpus, place.folder):
        origin = Origin(place.place, folder, tuple(misses))
        try:
            return [corpus.read(origin, split) for split in wanted]
        except UnusableFolderError as error:
            tried.append((folder, error))
    telling = [one for one in tried if not isinstance(one[1], AbsentFilesError)]
    misses.extend(f"{place.place} ({folder}): {error}" for folder, error in telling or tried[:1])
    return None


def _folders(corpus: Corpus, root: Path) -> list[Path]:
    named = (root / name for name in corpus.folders)
    return [*(folder for folder in named if folder.is_dir()), root]


def _message(corpus: Corpus, misses: Iterable[str]) -> str:
    tried = "\n".join(f"  - {miss}" for miss in misses)
    package = f", or install Debian's package {corpus.package}" if corpus.package else ""
    return (
        f"The data set {corpus.name} was found nowhere. Tried, in this order:\n{tried}\n"
        f"Name a folder that holds {corpus.wanted}{package}."
    )
