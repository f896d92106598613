"""What must be true of rows whatever format they came in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput
from service.signature import Signature

UNSCALED = (
    "every value sent is at most 1, and this model takes 0 to 255: "
    "send the pixels as they are, the model scales them itself"
)
NO_WARNINGS: Sequence[str] = ()


def checked(rows: NDArray[Any], signature: Signature) -> tuple[NDArray[Any], Sequence[str]]:
    """Return the rows as the engine takes them, with warnings for the caller.

    Args:
        rows: real numbers [n, *signature.shape], n > 0.
        signature: of the model version.

    Returns:
        The rows as uint8 or float32, and the warnings.

    Raises:
        InvalidInput: a value is NaN, infinite or out of the model's range; the message names the instance.
    """
    bounds = signature.range
    if bounds is None:
        return _finite(rows), NO_WARNINGS
    highest = np.maximum.reduce(rows, axis=None).item()  # as Python compares: NumPy takes ten times as long
    unsigned = rows.dtype.kind == "u" and bounds[0] <= 0
    # Asked so that NaN, which is never within, fails as well.
    if not (highest <= bounds[1] and (unsigned or np.minimum.reduce(rows, axis=None) >= bounds[0])):
        raise _out_of_range(rows, bounds)
    warnings = [UNSCALED] if signature.takes_bytes and highest <= 1 else NO_WARNINGS
    return rows.astype(np.uint8 if unsigned and signature.takes_bytes else np.float32, copy=False), warnings


def _finite(rows: NDArray[Any]) -> NDArray[Any]:
    if rows.dtype == np.uint8:
        return rows
    with np.errstate(over="ignore"):
        narrow = rows.astype(np.float32)
    finite = np.isfinite(narrow)
    if not finite.all():
        raise InvalidInput(f"{_first_bad(finite)} is not a finite 32-bit number")
    return narrow


def _out_of_range(rows: NDArray[Any], bounds: tuple[float, float]) -> InvalidInput:
    low, high = bounds
    within = (rows >= low) & (rows <= high)
    where = _first_bad(within)
    if not np.isfinite(rows[~within][0]):
        return InvalidInput(f"{where} is not a finite number; expected {low:g} to {high:g}")
    return InvalidInput(f"{where} is outside the model's range {low:g} to {high:g}")


def _first_bad(good: NDArray[np.bool_]) -> str:
    """Name the place of the first value that is not good, as a path into the rows: ``instances[2][5][7]``."""
    place = np.unravel_index(int(np.argmin(good)), good.shape)
    return "instances" + "".join(f"[{index}]" for index in place)
