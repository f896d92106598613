"""Where a data set is looked for, and in which order.

1. the folder that the user names (the data set's files in it, or in a folder of its name under it),
2. Keras's cache, ``$KERAS_HOME`` or ``~/.keras``,
3. the folder of the operating system's package,
4. a download, only where the caller passes the means: this package knows no network.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from modiste.datasets.corpus import Corpus
from modiste.datasets.errors import DatasetError, DatasetNotFoundError
from modiste.datasets.records import Origin, Split, SplitName

Fetch = Callable[[str], Path]
"""Downloads the data set of this name; returns the folder that holds its folder. Raises `DatasetError`."""

_DOWNLOAD = "the download"


def local_places(corpus: Corpus, data_dir: Path | None) -> tuple[Origin, ...]:
    """Return the folders of this machine that may hold the data set, first choice first."""
    cache = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    places = [
        Origin("Keras's cache", cache / "datasets" / corpus.folder),
        Origin("the system's package", corpus.system_folder),
    ]
    if data_dir is not None:
        places.insert(0, Origin("the given data folder", _own_folder(corpus, data_dir)))
    return tuple(places)


def _own_folder(corpus: Corpus, data_dir: Path) -> Path:
    named = (data_dir / corpus.folder, data_dir / corpus.name)
    return next((folder for folder in named if folder.is_dir()), data_dir)


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
        origin = Origin(place.place, place.folder, tuple(misses))
        try:
            return [corpus.read(origin, split) for split in wanted]
        except DatasetError as error:
            misses.append(f"{place.place} ({place.folder}): {error}")
    if fetch is None:
        raise DatasetNotFoundError(_message(corpus, misses))
    try:
        origin = Origin(_DOWNLOAD, fetch(corpus.name) / corpus.folder, tuple(misses))
        return [corpus.read(origin, split) for split in wanted]
    except DatasetError as error:
        misses.append(f"{_DOWNLOAD}: {error}")
        raise DatasetNotFoundError(_message(corpus, misses)) from error


def _message(corpus: Corpus, misses: Iterable[str]) -> str:
    tried = "\n".join(f"  - {miss}" for miss in misses)
    files = ", ".join(f"{part.name}.gz" for part in corpus.parts.values())
    return (
        f"The data set {corpus.name} was found nowhere. Tried, in this order:\n{tried}\n"
        f"Name a folder that holds {files}, or install Debian's package {corpus.package}."
    )
