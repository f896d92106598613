"""Loading a data set: one that is known by name, or data of one's own by their path."""

import difflib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from modiste.datasets.cifar10 import CIFAR10
from modiste.datasets.corpus import Corpus
from modiste.datasets.errors import DatasetError, UnknownDatasetError
from modiste.datasets.fashion_mnist import FASHION_MNIST
from modiste.datasets.mnist import MNIST
from modiste.datasets.own import load_own
from modiste.datasets.places import Fetch, find
from modiste.datasets.records import SPLITS, Dataset, Known, Split
from modiste.datasets.shaping import shaped

_CORPORA = {corpus.name: corpus for corpus in (FASHION_MNIST, MNIST, CIFAR10)}


def dataset_names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return tuple(_CORPORA)


def is_path(reference: str) -> bool:
    """Say whether `load` takes this for a path: it has a separator, ends with .npz, or is there.

    A known name is never a path, even where a folder of that name lies in the working directory.
    """
    if reference in _CORPORA:
        return False
    separated = os.sep in reference or (os.altsep is not None and os.altsep in reference)
    return separated or reference.endswith(".npz") or (reference != "" and Path(reference).exists())


def load(
    reference: str,
    data_dir: Path | None = None,
    fetch: Fetch | None = None,
    *,
    test_share: float = 0.2,
    split_seed: int = 42,
    image_size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> Dataset:
    """Load both splits of a data set.

    Args:
        reference: one of `dataset_names`, or the path of an ``.npz`` or of a folder of pictures.
        data_dir: a folder to look in before all others, for a name.
        fetch: how to download it where no folder of this machine holds it; None stays offline.
        test_share: how much of each class to hold out, for a path without a test part.
        split_seed: decides which rows these are.
        image_size: height and width to bring the images to.
        channels: 1 to have them grey, 3 to have them in colour; None leaves them as they are.

    Raises:
        UnknownDatasetError: no data set has this name.
        DatasetNotFoundError: no place holds it.
        OwnDataError: the path holds no data in a form that can be read.
        DatasetError: `test_share`, `image_size` or `channels` is out of range.
    """
    if not 0 < test_share < 1:
        raise DatasetError(f"test_share is {test_share}; expected a share between 0 and 1.")
    _check_form(image_size, channels)
    if is_path(reference):
        dataset = load_own(Path(reference), test_share, split_seed, image_size, channels)
    else:
        corpus = _corpus(reference)
        train, test = find(corpus, SPLITS, data_dir, fetch)
        dataset = Dataset(corpus.name, corpus.class_names, train, test, train.origin)
    if image_size is None and channels is None:
        return dataset
    train, test = (replace(one, x=shaped(one.x, image_size, channels)) for one in dataset.splits)
    return replace(dataset, train=train, test=test)


def known(
    reference: str, *, image_size: tuple[int, int] | None = None, channels: int | None = None
) -> Known | None:
    """Return what `load` would find of a published data set, without any file of it; None for a path.

    Raises:
        UnknownDatasetError: no data set has this name.
        DatasetError: `image_size` or `channels` is out of range.
    """
    if is_path(reference):
        return None
    _check_form(image_size, channels)
    corpus = _corpus(reference)
    one = shaped(np.zeros((1, *corpus.image_shape), np.uint8), image_size, channels)
    return Known(one.shape[1:], corpus.class_names, corpus.train_rows)


def load_split(name: str, split: str, data_dir: Path | None = None, fetch: Fetch | None = None) -> Split:
    """Load one split of a data set by its name; the files of the other are neither read nor needed.

    Only names: a server may pass on what its clients ask for, and no path of theirs is ever opened.

    Raises:
        UnknownDatasetError: no data set or no split has this name.
        DatasetNotFoundError: no place holds it.
    """
    corpus = _corpus(name)
    if split not in SPLITS:
        raise UnknownDatasetError(f"No split is called {split!r}; there are: {', '.join(SPLITS)}.")
    return find(corpus, (split,), data_dir, fetch)[0]


def _corpus(name: str) -> Corpus:
    if name not in _CORPORA:
        near = difflib.get_close_matches(name, _CORPORA, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise UnknownDatasetError(f"No data set is called {name!r}{hint}; there are: {', '.join(_CORPORA)}.")
    return _CORPORA[name]


def _check_form(image_size: tuple[int, int] | None, channels: int | None) -> None:
    if image_size is not None and (len(image_size) != 2 or min(image_size) < 1):
        raise DatasetError(f"image_size is {image_size}; expected a height and a width of 1 or more.")
    if channels not in (None, 1, 3):
        raise DatasetError(f"channels is {channels}; expected 1 (grey) or 3 (colour).")
