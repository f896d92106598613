"""``application/json``: ``{"instances": X}`` to rows, without making a Python number of any value.

Two steps. The *skeleton* of a body is what is left when white space and the characters of numbers are
deleted: ``{"instancs":[[,,],[,,]]}``. A body whose skeleton equals the one of n rows is nested exactly
so and holds no string, boolean, null or second key; a SIMD parser then checks that it is JSON
and flattens the numbers into a buffer. Flattening alone would forget the nesting: 28 rows of 28 and 14 rows
of 56 look the same. Every other body is read again slowly, to say what is wrong with it.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.codecs import json_explain
from service.codecs.simd import parser
from service.signature import Input

CONTENT_TYPE = "application/json"

_NUMBER_CHARACTERS = b"0123456789+-.eE \t\r\n"
_OPEN = b'{"instances":'.translate(None, _NUMBER_CHARACTERS)


def decode(body: bytes, tensor: Input) -> NDArray[Any]:
    """Return the rows of a body, [n, *tensor.shape]: uint64 where all are whole numbers, else float64.

    Raises:
        MalformedBody: no JSON.
        InvalidInput: not ``{"instances": X}`` with numbers of the model's shape; the message says where.
    """
    rows = flattened(body, tensor)
    return json_explain.read(body, (tensor,))[0] if rows is None else rows


def flattened(body: bytes, tensor: Input) -> NDArray[Any] | None:
    """Return what `decode` returns, in the fast way; None where only the slow one can tell."""
    shape = tensor.concrete_shape
    if shape is not None:
        count = _rows_by_skeleton(body.translate(None, _NUMBER_CHARACTERS), shape)
        values = _numbers(body) if count else None
        # Compared once more for rows of one value, where `[]` and `[7]` leave the same skeleton.
        if values is not None and values.size == count * (tensor.row_size or 0):
            return values.reshape((count, *shape))
    return None


def _numbers(body: bytes) -> NDArray[Any] | None:
    document: Any = None
    instances: Any = None
    try:
        document = parser().parse(body)
        instances = document["instances"]
        try:
            return np.frombuffer(instances.as_buffer(of_type="u"), np.uint64)
        except (TypeError, ValueError):  # fractions, or numbers below zero
            return np.frombuffer(instances.as_buffer(of_type="d"), np.float64)
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError):
        return None
    finally:
        # The parser refuses the next body while anything of this one is alive.
        del document, instances


def _rows_by_skeleton(skeleton: bytes, shape: tuple[int, ...]) -> int:
    """Return how many rows of `shape` the skeleton is nested as; 0 where it is nested in another way."""
    for alone, row in _row_skeletons(shape):
        count = 1 if skeleton == alone else _repeats(skeleton, row)
        if count:
            return count
    return 0


def _repeats(skeleton: bytes, row: bytes) -> int:
    # n rows with n - 1 commas between them, in `{"instancs":[` and `]}`
    count, rest = divmod(len(skeleton) - len(_OPEN) - 2, len(row) + 1)
    if rest or count < 1:
        return 0
    return count if skeleton == b"%b[%b]}" % (_OPEN, b",".join([row] * count)) else 0


@lru_cache(maxsize=64)
def _row_skeletons(shape: tuple[int, ...]) -> list[tuple[bytes, bytes]]:
    """The skeletons of one row (nested, flat, without a last axis of one), each behind its whole body."""
    forms = [_nested(shape), _nested((math.prod(shape),))]
    if len(shape) > 1 and shape[-1] == 1:
        forms.append(_nested(shape[:-1]))
    return [(b"%b%b}" % (_OPEN, row), row) for row in dict.fromkeys(forms)]


def _nested(shape: tuple[int, ...]) -> bytes:
    skeleton = b""
    for length in reversed(shape):
        skeleton = b"[" + b",".join([skeleton] * length) + b"]"
    return skeleton
