"""Which pixels an answer rests on, by occlusion sensitivity.

Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2.

A square patch of one colour is slid over the picture, and for each place the model is asked again. What its
probability loses there is what the patch hid. A pixel's importance is the mean loss over the patches that hid
it: above 0 it speaks for the class, below 0 against it. It asks nothing of the model but answers, so that it
holds for every engine; gradients would need the model's source.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput, TooLarge
from service.signature import Input

_PLACES = 7
"""A patch is one so-manieth of the shorter side, unless told: thirteen places along it."""


class Fill(StrEnum):
    """The colour of the patch, for each channel."""

    MEAN = "mean"  # of the whole picture
    GROUND = "ground"  # the median of its outermost pixels


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Where the patches lie: `tops` and `lefts` of squares with `patch` pixels a side."""

    height: int
    width: int
    patch: int
    stride: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    @property
    def places(self) -> list[tuple[slice, slice]]:
        """What each patch hides, line by line."""
        return [
            (slice(top, top + self.patch), slice(left, left + self.patch))
            for top in self.tops
            for left in self.lefts
        ]

    @property
    def count(self) -> int:
        """How many patches there are."""
        return len(self.tops) * len(self.lefts)


def plan(tensor: Input, patch: int | None, stride: int | None, max_rows: int, max_bytes: int) -> Occlusion:
    """Lay the patches over a picture of the model's size.

    Args:
        tensor: the model's input.
        patch: pixels of a side; a seventh of the shorter side, unless told.
        stride: pixels from one place to the next; half a patch, unless told.
        max_rows: how many pictures may be computed.
        max_bytes: how many bytes they may have.

    Raises:
        InvalidInput: the input is no picture, or the patch does not fit into it.
        TooLarge: there would be more pictures, or bytes of them, than allowed.
    """
    height, width = _size(tensor)
    shorter = min(height, width)
    side = max(1, round(shorter / _PLACES)) if patch is None else patch
    if side > shorter:
        raise InvalidInput(f"patch may be 1 to {shorter} for this model")
    step = max(1, side // 2) if stride is None else stride
    if step > side:
        raise InvalidInput(f"stride may be 1 to {side}, the patch; beyond it some pixels are never hidden")
    found = Occlusion(height, width, side, step, _starts(height, side, step), _starts(width, side, step))
    rows = found.count + 1
    if rows > max_rows or rows * (tensor.row_size or 0) * 4 > max_bytes:
        raise TooLarge(f"{found.count} patches are too many here; ask for a larger stride or patch")
    return found


def occluded(picture: NDArray[Any], where: Occlusion, fill: Fill) -> NDArray[Any]:
    """Return the picture itself and its copies with a patch each: [1 + patches, height, width, ...].

    Args:
        picture: [height, width] or [height, width, channels].
        where: the patches.
        fill: their colour.
    """
    colour = _colour(picture, fill)
    copies = np.repeat(picture[np.newaxis], 1 + where.count, axis=0)
    for copy, (rows, columns) in zip(copies[1:], where.places, strict=True):
        copy[rows, columns] = colour
    return copies


def importance(where: Occlusion, losses: NDArray[Any]) -> NDArray[np.float32]:
    """Return the mean loss over the patches that hid each pixel: float32 [height, width].

    Args:
        where: the patches.
        losses: [patches], what the model's value lost under each.
    """
    total = np.zeros((where.height, where.width))
    times = np.zeros((where.height, where.width))
    for (rows, columns), loss in zip(where.places, losses, strict=True):
        total[rows, columns] += loss
        times[rows, columns] += 1
    return (total / times).astype(np.float32)


def _size(tensor: Input) -> tuple[int, int]:
    shape = tensor.concrete_shape
    if shape is None or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] > 4) or min(shape[:2]) < 2:
        raise InvalidInput("expected a model of one picture: height x width, or height x width x channels")
    return shape[0], shape[1]


def _starts(length: int, patch: int, stride: int) -> tuple[int, ...]:
    """Return where patches begin along a side; the last one ends with it."""
    last = length - patch
    return tuple(sorted({*range(0, last + 1, stride), last}))


def _colour(picture: NDArray[Any], fill: Fill) -> NDArray[Any]:
    if fill is Fill.MEAN:
        colour = picture.mean(axis=(0, 1), dtype=np.float64)
    else:
        edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
        colour = np.median(np.concatenate(edges), axis=0)
    return np.asarray(colour if picture.dtype.kind == "f" else np.rint(colour)).astype(picture.dtype)
