"""``application/json``: ``{"instances": X}`` to rows, without making a Python number of any value.

Two steps. The *skeleton* of a body is what is left when white space and the characters of numbers are
deleted: ``{"instancs":[[,,],[,,]]}``. A body whose skeleton equals the one of n rows is nested exactly
so and holds no string, boolean, null or second key; a SIMD parser then checks that it is JSON
and flattens the numbers into a buffer. Flattening alone would forget the nesting: 28 rows of 28 and 14 rows
of 56 look the same. Every other body is read again slowly, to say what is wrong with it.

Other protocols have other keys around the rows, and stand on one form: a `Frame`, and `exact`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.codecs import json_explain
from service.codecs.simd import parser
from service.signature import Input

CONTENT_TYPE = "application/json"

QUICK_BYTES = 256 * 1024
"""A body up to so many bytes is read in two milliseconds or less."""

_NUMBER_CHARACTERS = b"0123456789+-.eE \t\r\n"


@dataclass(frozen=True, eq=False)
class Frame:
    """The JSON object that rows stand in.

    Attributes:
        key: holds the rows.
        texts: other keys, and the one text that each holds.
        opening, closing: the skeleton of what stands before and behind the rows.
    """

    key: str
    texts: tuple[tuple[str, str], ...]
    opening: bytes
    closing: bytes

    @classmethod
    def of(
        cls, key: str, before: Sequence[tuple[str, str]] = (), behind: Sequence[tuple[str, str]] = ()
    ) -> "Frame":
        """Return the frame of a key with these keys and texts before and behind it, in their order."""
        first = "".join(f'"{name}":"{text}",' for name, text in before)
        last = "".join(f',"{name}":"{text}"' for name, text in behind)
        return cls(
            key, (*before, *behind), _skeleton(f'{{{first}"{key}":'.encode()), _skeleton(f"{last}}}".encode())
        )


def _skeleton(text: bytes) -> bytes:
    return text.translate(None, _NUMBER_CHARACTERS)


PLAIN = Frame.of("instances")


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
    found = framed(body, tensor, (PLAIN,))
    return None if found is None else found[1]


def decode_quickly(body: bytes, tensor: Input) -> NDArray[Any] | None:
    """Return what `decode` returns, or None where that takes long."""
    rows = flattened(body, tensor)
    if rows is None and len(body) <= json_explain.QUICK_BYTES:
        return json_explain.read(body, (tensor,))[0]
    return rows


def framed(
    body: bytes, tensor: Input, frames: Sequence[Frame], *, exact: bool = False
) -> tuple[Frame, NDArray[Any]] | None:
    """Return the rows of a body and the frame that they stand in; None where only a slow reading can tell.

    Args:
        body: JSON, or anything.
        tensor: the input that the rows are for.
        frames: the objects that they may stand in.
        exact: take a list of rows of the input's very shape alone: no single row, no flat ones.

    Returns:
        Rows [n, *tensor.shape]: uint64 where all are whole numbers, none below zero, else float64.
    """
    shape = tensor.concrete_shape
    if shape is None:
        return None
    skeleton = _skeleton(body)
    for frame in frames:
        count = _rows_by_skeleton(skeleton, shape, frame, exact)
        values = _numbers(body, frame) if count else None
        # Compared once more for rows of one value, where `[]` and `[7]` leave the same skeleton.
        if values is not None and values.size == count * (tensor.row_size or 0):
            return frame, values.reshape((count, *shape))
    return None


def _numbers(body: bytes, frame: Frame) -> NDArray[Any] | None:
    document: Any = None
    rows: Any = None
    try:
        document = parser().parse(body)
        rows = document[frame.key]
        # The skeleton has forgotten some letters and blanks of texts.
        if frame.texts and any(document[name] != text for name, text in frame.texts):
            return None
        try:
            return np.frombuffer(rows.as_buffer(of_type="u"), np.uint64)
        except (TypeError, ValueError):  # fractions, or numbers below zero
            return np.frombuffer(rows.as_buffer(of_type="d"), np.float64)
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError):
        return None
    finally:
        # The parser refuses the next body while anything of this one is alive.
        del document, rows


def _rows_by_skeleton(skeleton: bytes, shape: tuple[int, ...], frame: Frame, exact: bool) -> int:
    """Return how many rows of `shape` the skeleton is nested as; 0 where it is nested in another way."""
    for alone, row in _row_skeletons(shape, frame, exact):
        count = 1 if skeleton == alone else _repeats(skeleton, row, frame)
        if count:
            return count
    return 0


def _repeats(skeleton: bytes, row: bytes, frame: Frame) -> int:
    # n rows with n - 1 commas between them, in `[` and `]`
    around = len(frame.opening) + len(frame.closing) + 1
    count, rest = divmod(len(skeleton) - around, len(row) + 1)
    if rest or count < 1:
        return 0
    rows = b",".join([row] * count)
    return count if skeleton == b"%b[%b]%b" % (frame.opening, rows, frame.closing) else 0


@lru_cache(maxsize=256)
def _row_skeletons(shape: tuple[int, ...], frame: Frame, exact: bool) -> list[tuple[bytes | None, bytes]]:
    """The skeletons of one row (nested, flat, without a last axis of one), each behind its whole body.

    Where the form must be exact, the nested one alone, and None for the body of a single row.
    """
    if exact:
        return [(None, _nested(shape))]
    forms = [_nested(shape), _nested((math.prod(shape),))]
    if len(shape) > 1 and shape[-1] == 1:
        forms.append(_nested(shape[:-1]))
    return [(frame.opening + row + frame.closing, row) for row in dict.fromkeys(forms)]


def _nested(shape: tuple[int, ...]) -> bytes:
    skeleton = b""
    for length in reversed(shape):
        skeleton = b"[" + b",".join([skeleton] * length) + b"]"
    return skeleton
