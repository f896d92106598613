"""What loading a data set gives: arrays, and where they came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

SplitName = Literal["train", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

Form = Literal["as published", "compressed anew", "plain"]


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


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One part of a data set.

    `x` is uint8 [rows, height, width], 0-255; `y` is uint8 [rows], numbers of `class_names`.
    Both are read-only. `files` is keyed by array: ``x`` and ``y``.
    """

    name: SplitName
    class_names: tuple[str, ...]
    x: NDArray[np.uint8]
    y: NDArray[np.uint8]
    files: dict[str, FoundFile]
    origin: Origin


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A whole data set, both splits from the same folder."""

    name: str
    class_names: tuple[str, ...]
    train: Split
    test: Split
    origin: Origin

    @property
    def files(self) -> dict[str, FoundFile]:
        """The files by part: ``x_train``, ``y_train``, ``x_test``, ``y_test``."""
        splits = (self.train, self.test)
        return {f"{part}_{split.name}": found for split in splits for part, found in split.files.items()}

    @property
    def sha256(self) -> dict[str, str]:
        """The sum of the decompressed bytes of each part."""
        return {part: found.sha256 for part, found in self.files.items()}
