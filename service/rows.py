"""Rows: what is queued, batched and computed, whatever the number of a model's inputs and outputs.

One tensor is an array [n, ...]. Several are one structured array [n] with a field for each, so that a row
stays one thing: it is cut, joined and counted alike, and nothing between codec and engine need know.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]


def pack(names: Sequence[str], arrays: Sequence[NDArray[Any]]) -> Rows:
    """Return arrays [n, ...], all of the same n, as rows."""
    if len(arrays) == 1:
        return arrays[0]
    fields = [(name, array.dtype, array.shape[1:]) for name, array in zip(names, arrays, strict=True)]
    rows = np.empty(len(arrays[0]), np.dtype(fields, align=True))
    for name, array in zip(names, arrays, strict=True):
        rows[name] = array
    return rows


def unpack(rows: Rows) -> list[NDArray[Any]]:
    """Return the arrays [n, ...] that were packed, each contiguous."""
    if rows.dtype.names is None:
        return [rows]
    return [np.ascontiguousarray(rows[name]) for name in rows.dtype.names]


def kind(rows: Rows) -> object:
    """Return what rows that are joined have in common: single numbers may differ in dtype, not in shape."""
    return rows.shape[1:] if rows.dtype.names is None else rows.dtype
