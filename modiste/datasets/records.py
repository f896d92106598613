"""What loading a data set gives: arrays, and where they came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from modiste.datasets import idx

SplitName = Literal["train", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

Form = Literal["as published", "as published, in another compression", "plain"]

Labels = NDArray[Any]
"""Class numbers [rows]: uint8 where there are at most 256 classes, else int64."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file that was read: its sum is of the decompressed bytes, whatever the form on disk."""

    path: Path
    form: Form
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the data were found: `passed_over` says what was wrong with the places before."""

    place: str
    folder: Path
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What decides a network's form: the shape of one image, the classes, and the rows of the train split."""

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    train_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a file format gives for one split, before it has a name: arrays as in `Split`."""

    x: NDArray[np.uint8]
    y: Labels
    files: dict[str, FoundFile]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One part of a data set.

    `x` is uint8 [rows, height, width] where it is grey and [rows, height, width, 3] where it is RGB,
    0-255; `y` is uint8 or int64 [rows], numbers of `class_names`. Both are read-only. `files` is keyed
    by array (``x``, ``y``) where each has a file of its own, else by file.
    """

    name: SplitName
    class_names: tuple[str, ...]
    x: NDArray[np.uint8]
    y: Labels
    files: dict[str, FoundFile]
    origin: Origin

    @property
    def sha256(self) -> dict[str, str]:
        """The sum of ``x`` and of ``y`` as plain IDX files: the same for the same data in any format."""
        return {"x": idx.sha256(self.x), "y": idx.sha256(self.y)}


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A whole data set, both splits from the same place.

    `unread` says of what lies there, too, and looks like data why it is no part of them.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    test: Split
    origin: Origin
    unread: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[Split, Split]:
        """Train and test."""
        return self.train, self.test

    @property
    def files(self) -> tuple[FoundFile, ...]:
        """The files that were read, each once; empty for a folder of images."""
        found = (file for split in self.splits for file in split.files.values())
        return tuple({file.path: file for file in found}.values())

    @property
    def sha256(self) -> dict[str, str]:
        """The sums of ``x_train``, ``y_train``, ``x_test`` and ``y_test``, as `Split.sha256`."""
        return {f"{part}_{split.name}": s for split in self.splits for part, s in split.sha256.items()}
