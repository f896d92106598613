"""The two formats of CIFAR-10's batches: binary records and Python's pickles.

A pickle is a program. It is run here by an interpreter of pickles that can only build plain values and
one array of bytes: the three names that these files call are answered with functions of this module, so
neither NumPy's own code for unpickling nor anything else is ever reached.
"""

import io
import pickle
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from modiste.datasets.errors import DamagedFileError

SIDE, CHANNELS, CLASSES = 32, 3, 10
_PIXELS = SIDE * SIDE * CHANNELS
_RECORD = 1 + _PIXELS

Batch = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images uint8 [rows, 32, 32, 3] and labels uint8 [rows]."""


def decode_records(data: bytes) -> Batch:
    """Read binary records, each a label and then 1,024 bytes of red, of green and of blue.

    Raises:
        DamagedFileError: not a whole number of records, or a label that is no class.
    """
    if not data or len(data) % _RECORD:
        raise DamagedFileError(f"it has {len(data):,} bytes; expected whole records of {_RECORD:,}")
    records = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
    return _batch(records[:, 1:], records[:, 0])


def decode_pickle(data: bytes) -> Batch:
    """Read a pickle of Python 2: a dictionary with ``data``, uint8 [rows, 3072], and ``labels``, a list.

    Raises:
        DamagedFileError: no pickle, one that asks for anything else than an array of bytes, or one that
            holds something else.
    """
    try:
        document = _Reader(io.BytesIO(data), encoding="bytes").load()
    except DamagedFileError:
        raise
    except Exception as error:  # damaged opcodes raise whatever the operation that they name raises
        raise DamagedFileError(f"it is no pickle of a batch ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise DamagedFileError(f"it holds a {type(document).__name__}; expected a dictionary")
    pixels, labels = document.get(b"data"), document.get(b"labels")
    if not isinstance(pixels, _StoredArray) or not isinstance(labels, list):
        raise DamagedFileError("its dictionary has no array 'data' and list 'labels'")
    if not all(type(label) is int and 0 <= label < CLASSES for label in labels):
        raise DamagedFileError(f"its labels are not all numbers from 0 to {CLASSES - 1}")
    return _batch(pixels.rows(), np.array(labels, np.uint8))


def _batch(planes: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Batch:
    if len(planes) != len(labels):
        raise DamagedFileError(f"it has {len(planes):,} images and {len(labels):,} labels")
    if not len(planes):
        raise DamagedFileError("it holds no images")
    if labels.max(initial=0) >= CLASSES:
        raise DamagedFileError(f"it has the label {labels.max()}; expected 0 to {CLASSES - 1}")
    images = planes.reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.ascontiguousarray(labels)


class _StoredArray:
    """Stands in for the array that the pickle builds, and takes its state as plain values."""

    state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def rows(self) -> NDArray[np.uint8]:
        """Return the array uint8 [rows, 3072]: the state is version, shape, dtype, Fortran order, bytes."""
        match self.state:
            case (1, (int(count), width), _StoredType(), False, bytes(data)):
                if width == _PIXELS and count * _PIXELS == len(data):
                    return np.frombuffer(data, np.uint8).reshape(-1, _PIXELS)
        raise DamagedFileError(f"its array is not uint8 [rows, {_PIXELS}] in C order")


class _StoredType:
    """Stands in for the dtype: uint8 is the only one, so that its state has nothing to say."""

    def __setstate__(self, state: object) -> None:
        pass


class _Reader(pickle._Unpickler):
    # Python's own implementation, not the one in C: that one sets memory aside for as many places of its
    # memo as a damaged file names, which can be billions.

    def find_class(self, module: str, name: str) -> Any:
        # New functions for each file: a pickle could set attributes on what it is given.
        known = {
            ("numpy.core.multiarray", "_reconstruct"): lambda *_: _StoredArray(),
            ("numpy", "ndarray"): lambda *_: _refuse("numpy.ndarray, called"),
            ("numpy", "dtype"): _stored_type,
        }
        return known.get((module, name)) or _refuse(f"{module}.{name}")


def _stored_type(code: object, *_: object) -> _StoredType:
    return _StoredType() if code == b"u1" else _refuse("a dtype other than uint8")


def _refuse(what: str) -> NoReturn:
    raise DamagedFileError(f"it asks for {what[:80]}, which no batch of CIFAR-10 needs; it may be an attack")
