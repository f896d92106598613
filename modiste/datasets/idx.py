"""The IDX format, in which MNIST and its successors are published.

A file is two zero bytes, a type code, the number of axes, each axis as a big-endian uint32, and then
the values in C order: http://yann.lecun.com/exdb/mnist. Files are plain or compressed by gzip; which
one is seen from the first bytes, because people rename files.
"""

import gzip
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_GZIP = b"\x1f\x8b"
_UINT8 = 0x08


class IdxError(Exception):
    """The bytes are not a whole IDX file of uint8 values."""


def is_gzip(data: bytes) -> bool:
    """Say whether `data` begins as a gzip file does."""
    return data.startswith(_GZIP)


def decompress(data: bytes) -> bytes:
    """Return the bytes inside a gzip file, or `data` itself where it is plain.

    Raises:
        IdxError: the gzip file is cut short or damaged.
    """
    if not is_gzip(data):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise IdxError(f"it is not a whole gzip file ({error})") from error


def parse(data: bytes) -> NDArray[np.uint8]:
    """Return the array that the bytes of a plain IDX file hold, read-only and without a copy.

    Raises:
        IdxError: the header is malformed, the type is not uint8, or the length is not what the
            header states.
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise IdxError("it does not begin as an IDX file does")
    code, axes = data[2], data[3]
    if code != _UINT8:
        raise IdxError(f"it holds values of type 0x{code:02x}; expected 0x{_UINT8:02x}, uint8")
    start = 4 + 4 * axes
    if len(data) < start:
        raise IdxError("its header is cut short")
    shape = struct.unpack(f">{axes}I", data[4:start])
    expected = int(np.prod(shape, dtype=object))
    if len(data) - start != expected:
        raise IdxError(f"it holds {len(data) - start:,} values; its header states {expected:,}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def encode(array: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a plain IDX file that holds `array`."""
    header = struct.pack(f">HBB{array.ndim}I", 0, _UINT8, array.ndim, *array.shape)
    return header + array.tobytes()
