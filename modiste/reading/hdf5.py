"""The fifth step: the HDF5 file that holds the weights, its structure before its values.

HDF5 can point to other files, describe arrays far larger than itself, run plug-in filters and hold
groups that contain themselves. Here a file is a tree of groups with plain numeric arrays in it.
"""

import io
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from modiste.reading.errors import Reason, Refused, shown
from modiste.reading.limits import ReadingLimits

SIGNATURE = b"\x89HDF\r\n\x1a\n"

# Where the superblock of each version states the address at which the file ends, and the width of addresses.
_END_AT = {0: 40, 1: 44, 2: 28, 3: 28}
_WIDTH_AT = {0: 13, 1: 13, 2: 9, 3: 9}
_ADDRESS = struct.Struct("<Q")

_KNOWN_FILTERS = frozenset(
    {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
)
_NUMERIC = "fiub"
_MOST_COMPRESSION = 200  # times: trained weights reach 1.1, all zeros 1,000
_SMALL_BYTES = 1024 * 1024  # below this an array may be all zeros, as a new bias is
_ATTRIBUTE_VALUES = 100_000
_SLICE_VALUES = 4 * 1024 * 1024
_BFLOAT16_EXPONENT = 0x7F80
_OPTIMIZER_GROUPS = ("optimizer", "optimizer_weights")


@dataclass(frozen=True, slots=True)
class Weights:
    """What the arrays of a model hold together, its optimizer's left out."""

    arrays: int
    values: int


def check_end(data: bytes) -> None:
    """Refuse bytes that go on after the end which the file itself states: nobody ever reads them.

    Raises:
        Refused: they do, or the file does not begin as the HDF5 library writes one.
    """
    version = data[8] if len(data) > _END_AT[1] + _ADDRESS.size else -1
    if not data.startswith(SIGNATURE) or version not in _END_AT or data[_WIDTH_AT[version]] != _ADDRESS.size:
        raise Refused(Reason.WEIGHTS_DAMAGED, "the HDF5 data does not begin as such data does")
    (end,) = _ADDRESS.unpack_from(data, _END_AT[version])
    if len(data) > end:
        detail = (
            f"the HDF5 data ends after {end} bytes by its own word, and goes on for {len(data) - end} more"
        )
        raise Refused(Reason.WEIGHTS_DAMAGED, detail)


@contextmanager
def open_hdf5(data: bytes) -> Iterator[h5py.File]:
    """Open HDF5 bytes for reading.

    Raises:
        Refused: the library cannot make sense of them, now or while the block works on them.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        # What h5py raises on damaged bytes is not documented further than this.
        raise Refused(Reason.WEIGHTS_DAMAGED, "the HDF5 data is damaged or was cut short") from error


def check_hdf5(file: h5py.File, limits: ReadingLimits) -> Weights:
    """Check structure, declared sizes and values of a whole file.

    Raises:
        Refused: the reason says which rule.
    """
    _check_attributes(file)
    arrays = list(_walk(file, limits))
    declared = sum(_declared_bytes(array) for array in arrays)
    if declared > limits.weights_bytes:
        detail = f"the arrays declare {declared} bytes; the limit is {limits.weights_bytes}"
        raise Refused(Reason.WEIGHTS_TOO_LARGE, detail)
    for array in arrays:
        _check_stored(array)
    for array in arrays:
        _check_finite(array)
    of_model = [array for array in arrays if array.name.split("/")[1] not in _OPTIMIZER_GROUPS]
    return Weights(arrays=len(of_model), values=sum(_size(array) for array in of_model))


def text_attribute(file: h5py.File, name: str) -> str | None:
    """Return a text attribute of the file's root, or None where it has none.

    Raises:
        Refused: it is no text in UTF-8.
    """
    value: Any = file.attrs.get(name)
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(Reason.JSON_INVALID, f"the attribute {name} is not text in UTF-8") from error
    if value is not None and not isinstance(value, str):
        raise Refused(Reason.NOT_A_MODEL, f"the attribute {name} is no text")
    return value


def _walk(root: h5py.Group, limits: ReadingLimits) -> Iterator[h5py.Dataset]:
    """Yield every array below `root`, checking each link and object on the way.

    A group can hold a hard link to a group above it; a tree that Keras wrote is neither deep nor large.
    """
    pending: list[tuple[h5py.Group, int]] = [(root, 1)]
    count = 0
    while pending:
        group, depth = pending.pop()
        for name in group:
            count += 1
            if count > limits.hdf5_objects or depth > limits.hdf5_depth:
                raise Refused(
                    Reason.WEIGHTS_TOO_LARGE, "the HDF5 data holds more or deeper groups than any model"
                )
            child = _child(group, name)
            _check_attributes(child)
            if isinstance(child, h5py.Group):
                pending.append((child, depth + 1))
            else:
                _check_array(child)
                yield child


def _child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise Refused(Reason.WEIGHTS_EXTERNAL, f"{shown(name)} is a link, not data")
    child = group[name]
    if not isinstance(child, h5py.Group | h5py.Dataset):
        raise Refused(Reason.WEIGHTS_TYPE, f"{shown(name)} is neither a group nor an array")
    return child


def _check_attributes(item: h5py.Group | h5py.Dataset) -> None:
    for name in item.attrs:
        identifier = item.attrs.get_id(name)
        dtype = identifier.dtype
        is_text = dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None
        if not is_text and dtype.kind not in _NUMERIC:
            raise Refused(Reason.WEIGHTS_TYPE, f"the attribute {shown(name)} is neither text nor a number")
        if math.prod(int(length) for length in identifier.shape or ()) > _ATTRIBUTE_VALUES:
            raise Refused(
                Reason.WEIGHTS_TOO_LARGE, f"the attribute {shown(name)} is larger than any that Keras writes"
            )


def _check_array(array: h5py.Dataset) -> None:
    if array.external or array.is_virtual:
        raise Refused(
            Reason.WEIGHTS_EXTERNAL, f"the array {shown(array.name)} keeps its values in another file"
        )
    if array.dtype.kind not in _NUMERIC and not _is_bfloat16(array.dtype):
        raise Refused(Reason.WEIGHTS_TYPE, f"the array {shown(array.name)} does not hold plain numbers")
    _check_chunks(array)
    properties = array.id.get_create_plist()
    filters = {properties.get_filter(index)[0] for index in range(properties.get_nfilters())}
    if filters - _KNOWN_FILTERS:
        raise Refused(
            Reason.WEIGHTS_FILTER, f"the array {shown(array.name)} needs a filter that Keras does not use"
        )


def _check_chunks(array: h5py.Dataset) -> None:
    """Refuse chunks larger than their array: to read one value, the library sets aside a whole chunk."""
    chunk = math.prod(map(int, array.chunks or ())) * int(array.dtype.itemsize)
    if chunk > max(_SMALL_BYTES, _declared_bytes(array)):
        detail = f"the array {shown(array.name)} of {_declared_bytes(array)} bytes has chunks of {chunk}"
        raise Refused(Reason.WEIGHTS_NOT_STORED, detail)


def _is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Keras writes bfloat16 as two opaque bytes."""
    return dtype.kind == "V" and dtype.itemsize == 2 and dtype.fields is None and dtype.subdtype is None


def _size(array: h5py.Dataset) -> int:
    """Return the number of values in Python's integers, which do not overflow as NumPy's do."""
    return math.prod(int(length) for length in array.shape or ())


def _declared_bytes(array: h5py.Dataset) -> int:
    return _size(array) * int(array.dtype.itemsize)


def _check_stored(array: h5py.Dataset) -> None:
    """Refuse an array that declares much and stores little: reading it makes the rest up."""
    declared, stored = _declared_bytes(array), int(array.id.get_storage_size())
    compressed = array.id.get_create_plist().get_nfilters() > 0
    allowed = max(_SMALL_BYTES, stored * _MOST_COMPRESSION) if compressed else max(stored, 1024)
    if declared > allowed:
        detail = f"the array {shown(array.name)} declares {declared} bytes and stores {stored}"
        raise Refused(Reason.WEIGHTS_NOT_STORED, detail)


def _check_finite(array: h5py.Dataset) -> None:
    if array.dtype.kind not in "fV" or array.shape is None:
        return
    for part in _slices(array):
        if not _all_finite(part):
            raise Refused(Reason.WEIGHTS_NOT_FINITE, f"the array {shown(array.name)} holds NaN or infinity")


def _all_finite(values: np.ndarray[Any, Any]) -> bool:
    if values.dtype.kind == "V":  # bfloat16: the upper half of a float32, infinite or NaN by its exponent
        return bool(((values.view("<u2") & _BFLOAT16_EXPONENT) != _BFLOAT16_EXPONENT).all())
    return bool(np.isfinite(values).all())


def _slices(array: h5py.Dataset) -> Iterator[np.ndarray[Any, Any]]:
    """Yield an array's values in parts of a few million, so that memory stays bounded."""
    if array.ndim == 0 or _size(array) == 0:
        yield np.asarray(array[()])
        return
    rows = max(1, _SLICE_VALUES // max(1, _size(array) // int(array.shape[0])))
    for start in range(0, int(array.shape[0]), rows):
        yield np.asarray(array[start : start + rows])
