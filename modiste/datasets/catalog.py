"""The data sets that are known by name, and loading them."""

import difflib
from pathlib import Path

from modiste.datasets.corpus import Corpus
from modiste.datasets.errors import UnknownDatasetError
from modiste.datasets.fashion_mnist import FASHION_MNIST
from modiste.datasets.places import Fetch, find
from modiste.datasets.records import SPLITS, Dataset, Split

_CORPORA = {corpus.name: corpus for corpus in (FASHION_MNIST,)}


def dataset_names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return tuple(_CORPORA)


def load(name: str, data_dir: Path | None = None, fetch: Fetch | None = None) -> Dataset:
    """Load both splits of a data set.

    Args:
        name: one of `dataset_names`.
        data_dir: a folder to look in before all others.
        fetch: how to download it where no folder of this machine holds it; None stays offline.

    Raises:
        UnknownDatasetError: no data set has this name.
        DatasetNotFoundError: no place holds it.
    """
    corpus = _corpus(name)
    train, test = find(corpus, SPLITS, data_dir, fetch)
    return Dataset(corpus.name, corpus.class_names, train, test, train.origin)


def load_split(name: str, split: str, data_dir: Path | None = None, fetch: Fetch | None = None) -> Split:
    """Load one split of a data set; the files of the other are neither read nor needed.

    Raises:
        UnknownDatasetError: no data set or no split has this name.
        DatasetNotFoundError: no place holds it.
    """
    corpus = _corpus(name)
    if split not in SPLITS:
        raise UnknownDatasetError(f"no split is called {split!r}; there are: {', '.join(SPLITS)}")
    return find(corpus, (split,), data_dir, fetch)[0]


def _corpus(name: str) -> Corpus:
    if name not in _CORPORA:
        near = difflib.get_close_matches(name, _CORPORA, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise UnknownDatasetError(f"no data set is called {name!r}{hint}; there are: {', '.join(_CORPORA)}")
    return _CORPORA[name]
