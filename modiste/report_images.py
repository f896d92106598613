"""The test images behind a report's figures, ``report/images.npz``: what is in a cell of its matrix.

Not all of them: of each pair of true and predicted class a few, and every mistake that the report lists.
Training writes the file beside the report, and the service hands its images out.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import ArtifactError
from modiste.datasets import DatasetError
from modiste.datasets.npz import read_arrays

IMAGES = "images.npz"
LISTED = 100
"""Mistakes that a report lists."""

PER_CELL = 8
"""Of right answers the most doubted ones, ever fewer of those in between, and the surest."""

MOST = 2000
MOST_BYTES = 32 * 1024 * 1024
"""Of the images, unpacked; in the file they take about half."""

_HEADERS = 64 * 1024  # what the other arrays may add


@dataclass(frozen=True, slots=True, eq=False)
class ReportImages:
    """Some rows of the test data with what a model made of them.

    Attributes:
        index: int64 [n], rows of the data set's test part, ascending.
        true: int64 [n] numbers of classes; float64 [n] where the model gives a number.
        predicted: likewise, what the model answered.
        probability: float32 [n], of the predicted class; empty where the model gives a number.
        images: uint8 [n, height, width] or [n, height, width, 3].
    """

    index: NDArray[np.int64]
    true: NDArray[Any]
    predicted: NDArray[Any]
    probability: NDArray[np.float32]
    images: NDArray[np.uint8]

    def write(self, path: Path) -> None:
        """Write the file; the same images give the same bytes."""
        np.savez_compressed(
            path,
            index=self.index,
            true=self.true,
            predicted=self.predicted,
            probability=self.probability,
            images=self.images,
        )


def of_classes(
    images: NDArray[np.uint8], labels: NDArray[np.int64], answers: NDArray[np.float32]
) -> ReportImages:
    """Choose images of a classifier: in each cell the surest mistakes; right ones from doubted to sure.

    Args:
        images: all test images.
        labels: int [rows].
        answers: float32 [rows, classes].
    """
    predicted = answers.argmax(axis=1).astype(np.int64)
    sure = answers[np.arange(len(answers)), predicted]
    wrong = predicted != labels
    # The first of each cell come first, so that every cell has some where not all fit.
    cells = labels * answers.shape[1] + predicted
    surest, doubted = _rank_in_cell(cells, -sure), _rank_in_cell(cells, sure)
    rank = np.where(wrong, surest, np.where(surest == 0, 1, _thinned(doubted)))
    listed = np.zeros(len(labels), bool)
    listed[_by(-sure, np.flatnonzero(wrong))[:LISTED]] = True
    rank[listed] = 0
    wanted = _by(rank, np.flatnonzero(rank < PER_CELL))
    chosen = np.sort(wanted[: _room(images)])
    return ReportImages(chosen, labels[chosen], predicted[chosen], sure[chosen], images[chosen])


def of_numbers(
    images: NDArray[np.uint8], labels: NDArray[np.float32], answers: NDArray[np.float32]
) -> ReportImages:
    """Choose the images whose number was missed by most; labels [rows] and answers [rows, 1]."""
    missed = -np.abs(answers[:, 0] - labels)
    chosen = np.sort(_by(missed, np.arange(len(labels)))[: min(LISTED, _room(images))])
    nothing = np.zeros(0, np.float32)
    true, predicted = labels[chosen].astype(np.float64), answers[chosen, 0].astype(np.float64)
    return ReportImages(chosen, true, predicted, nothing, images[chosen])


def parse(data: bytes) -> ReportImages:
    """Read the bytes of the file, without pickle, and no more of it than it may hold.

    Raises:
        ArtifactError: it is damaged, too large, or its arrays do not fit each other.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Reading gives no more of a member than it declares.
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES + _HEADERS:
                raise ArtifactError(f"{IMAGES} is too large when unpacked")
        arrays = read_arrays(io.BytesIO(data), ReportImages.__slots__)
        found = ReportImages(**arrays)
    except (DatasetError, zipfile.BadZipFile, TypeError) as error:
        raise ArtifactError(f"{IMAGES} is damaged") from error
    if not _fits(found):
        raise ArtifactError(f"the arrays of {IMAGES} do not fit each other")
    return found


def _fits(found: ReportImages) -> bool:
    count = len(found.images) if found.images.ndim in (3, 4) else -1
    vectors = [found.index, found.true, found.predicted]
    kinds = {array.dtype.kind for array in (found.true, found.predicted)}
    return (
        found.images.dtype == np.uint8
        and all(array.shape == (count,) for array in vectors)
        and found.index.dtype.kind == "i"
        and found.probability.dtype.kind == "f"
        and ((kinds == {"i"} and found.probability.shape == (count,)) or kinds == {"f"})
    )


def _rank_in_cell(cells: NDArray[np.int64], interest: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the place of each row among those of its cell, the least `interest` first."""
    order = np.lexsort((interest, cells))
    starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(order)))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    return rank


def _thinned(rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, 2, ... for the ranks 0, 1, 3, 7, 15, ..., and for all others more than is kept."""
    steps = np.log2(rank + 1.0)
    return np.where(steps == np.rint(steps), steps, PER_CELL).astype(np.int64)


def _by(values: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows in the order of their values; equal ones in their own."""
    return rows[np.argsort(values[rows], kind="stable")]


def _room(images: NDArray[np.uint8]) -> int:
    return min(MOST, MOST_BYTES // max(1, images[0].nbytes)) if len(images) else 0
