"""The IDX format, in which MNIST and its successors are published.

A file is two zero bytes, a type code, the number of axes, each axis as a big-endian uint32, and then
the values in C order: http://yann.lecun.com/exdb/mnist. Files are plain or compressed by gzip; which
one is seen from the first bytes, because people rename files.
"""

import gzip
import hashlib
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modiste.datasets.errors import DamagedFileError

_GZIP = b"\x1f\x8b"
_UINT8 = 0x08
_INT32 = 0x0C
_MOST_AXES = 32  # NumPy before 2.0 has no more; a header that states 255 is damaged in any case


def is_gzip(data: bytes) -> bool:
    """Say whether `data` begins as a gzip file does."""
    return data.startswith(_GZIP)


def decompress(data: bytes) -> bytes:
    """Return the bytes inside a gzip file, or `data` itself where it is plain.

    Raises:
        DamagedFileError: the gzip file is cut short or damaged.
    """
    if not is_gzip(data):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error, struct.error) as error:
        raise DamagedFileError(f"it is not a whole gzip file ({error})") from error


def parse(data: bytes) -> NDArray[np.uint8]:
    """Return the array that the bytes of a plain IDX file hold, read-only and without a copy.

    Raises:
        DamagedFileError: the header is malformed, the type is not uint8, or the length is not what
            the header states.
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise DamagedFileError("it does not begin as an IDX file does")
    code, axes = data[2], data[3]
    if code != _UINT8:
        raise DamagedFileError(f"it holds values of type 0x{code:02x}; expected 0x{_UINT8:02x}, uint8")
    start = 4 + 4 * axes
    if len(data) < start:
        raise DamagedFileError("its header is cut short")
    if axes > _MOST_AXES:
        raise DamagedFileError(f"its header states {axes} axes; expected {_MOST_AXES} at most")
    shape = struct.unpack(f">{axes}I", data[4:start])
    expected = int(np.prod(shape, dtype=object))
    if len(data) - start != expected:
        raise DamagedFileError(f"it holds {len(data) - start:,} values; its header states {expected:,}")
    try:
        return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
    except ValueError as error:  # no value, and axes whose product overflows
        raise DamagedFileError(f"its header states an impossible shape ({error})") from error


def encode(array: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a plain IDX file that holds `array`."""
    return _header(_UINT8, array.shape) + array.tobytes()


def sha256(array: NDArray[Any]) -> str:
    """Return the sum of the plain IDX file that would hold `array`: uint8, or int64 labels as int32.

    For MNIST and Fashion-MNIST that is the sum of the published file, in whatever format the array came.
    """
    code = _UINT8 if array.dtype == np.uint8 else _INT32
    values = np.ascontiguousarray(array, dtype="u1" if code == _UINT8 else ">i4")
    found = hashlib.sha256(_header(code, array.shape))
    found.update(values.data.cast("B") if values.size else b"")
    return found.hexdigest()


def _header(code: int, shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)
