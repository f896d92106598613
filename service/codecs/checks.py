"""What must be true of rows whatever format they came in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput
from service.rows import Rows, pack
from service.signature import Input

UNSCALED = (
    "every value sent is at most 1, and this model takes 0 to 255: "
    "send the pixels as they are, the model scales them itself"
)
NO_WARNINGS: Sequence[str] = ()


def checked(rows: NDArray[Any], tensor: Input, name: str = "instances") -> tuple[NDArray[Any], Sequence[str]]:
    """Return the rows as the engine takes them, with warnings for the caller.

    Args:
        rows: real numbers [n, *tensor.shape], n > 0.
        tensor: the input that they are for.
        name: what messages call them.

    Returns:
        The rows in the input's dtype, or as uint8 where it takes bytes, and the warnings.

    Raises:
        InvalidInput: a value is NaN, infinite, out of the model's range or does not fit its dtype; the
            message names the place.
    """
    bounds = tensor.range
    if tensor.dtype.kind != "f":
        return _whole(rows, tensor, name), NO_WARNINGS
    if bounds is None:
        return _finite(rows, name), NO_WARNINGS
    highest = np.maximum.reduce(rows, axis=None).item()  # as Python compares: NumPy takes ten times as long
    unsigned = rows.dtype.kind == "u" and bounds[0] <= 0
    # Asked so that NaN, which is never within, fails as well.
    if not (highest <= bounds[1] and (unsigned or np.minimum.reduce(rows, axis=None) >= bounds[0])):
        raise _out_of_range(rows, bounds, name)
    warnings = [UNSCALED] if tensor.takes_bytes and highest <= 1 else NO_WARNINGS
    return rows.astype(np.uint8 if unsigned and tensor.takes_bytes else np.float32, copy=False), warnings


def checked_tensors(arrays: Sequence[NDArray[Any]], inputs: Sequence[Input]) -> Rows:
    """Return the rows of a model with several inputs, each checked as `checked` does.

    Raises:
        InvalidInput: as `checked`, or there are not as many rows for one input as for another.
    """
    counts = {len(array) for array in arrays}
    if len(counts) > 1:
        said = ", ".join(f"{tensor.name} {len(array)}" for tensor, array in zip(inputs, arrays, strict=True))
        raise InvalidInput(f"every input must have as many rows as the others; got {said}")
    good = [checked(array, tensor, tensor.name)[0] for array, tensor in zip(arrays, inputs, strict=True)]
    # One dtype a field: bytes and floats of two requests could not be joined.
    return pack(
        [tensor.name for tensor in inputs],
        [array.astype(tensor.dtype, copy=False) for array, tensor in zip(good, inputs, strict=True)],
    )


def _finite(rows: NDArray[Any], name: str) -> NDArray[Any]:
    if rows.dtype == np.uint8:
        return rows
    with np.errstate(over="ignore"):
        narrow = rows.astype(np.float32)
    finite = np.isfinite(narrow)
    if not finite.all():
        raise InvalidInput(f"{_first_bad(finite, name)} is not a finite 32-bit number")
    return narrow


def _whole(rows: NDArray[Any], tensor: Input, name: str) -> NDArray[Any]:
    """Return numbers as an input of whole numbers takes them, each within its range and its dtype."""
    low, high = tensor.range or _limits(tensor.dtype)
    if rows.dtype.kind == "f":
        whole = rows == np.trunc(rows)  # NaN is not, and infinities are out of every range
        if not whole.all():
            raise InvalidInput(f"{_first_bad(whole, name)} is no whole number")
    if rows.size and not (rows.min() >= low and rows.max() <= high):
        raise _out_of_range(rows, (low, high), name)
    return rows.astype(tensor.dtype, copy=False)


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "b":
        return 0, 1
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _out_of_range(rows: NDArray[Any], bounds: tuple[float, float], name: str) -> InvalidInput:
    low, high = bounds
    within = (rows >= low) & (rows <= high)
    where = _first_bad(within, name)
    if not np.isfinite(rows[~within][0]):
        return InvalidInput(f"{where} is not a finite number; expected {low:g} to {high:g}")
    return InvalidInput(f"{where} is outside the model's range {low:g} to {high:g}")


def _first_bad(good: NDArray[np.bool_], name: str) -> str:
    """Name the place of the first value that is not good, as a path into the rows: ``instances[2][5][7]``."""
    place = np.unravel_index(int(np.argmin(good)), good.shape)
    return name + "".join(f"[{index}]" for index in place)
