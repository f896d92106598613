"""Reading the arrays of an ``.npz``, NumPy's archive, without NumPy's loader.

That loader runs pickles if it is let, parses headers as Python, and sets aside the memory that a header
states before it has seen a byte of it. Here a header is matched against a pattern, and an array is as long
as its bytes or the file is damaged.
"""

import lzma
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from modiste.datasets.errors import DamagedFileError

_MAGIC = b"\x93NUMPY"
_KEYS = {
    "descr": re.compile(r"['\"]descr['\"]\s*:\s*['\"]([^'\"]*)['\"]"),
    "fortran_order": re.compile(r"['\"]fortran_order['\"]\s*:\s*(True|False)"),
    "shape": re.compile(r"['\"]shape['\"]\s*:\s*\(([\d,L ]{0,200})\)"),
}
_PLAIN = re.compile(r"[<>|=]?[biufU]\d{1,9}")
_MOST_AXES = 32

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    RuntimeError,  # encrypted, or a compression that this Python lacks
    OverflowError,
    MemoryError,
)


def read_arrays(source: Path | IO[bytes], names: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays by name: those of `names` that are there, or all; read-only.

    Raises:
        DamagedFileError: no ``.npz``, damaged, or an array holds Python objects.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            wanted = entries if names is None else [name for name in names if name in entries]
            stored = {name: archive.read(entries[name]) for name in wanted}
    except _ZIP_ERRORS as error:
        raise DamagedFileError(f"it is not a whole .npz file ({error or type(error).__name__})") from error
    return {name: _array(name, data) for name, data in stored.items()}


def array_names(source: Path | IO[bytes]) -> tuple[str, ...]:
    """Return what the arrays of an ``.npz`` are called, in their order in the file.

    Raises:
        DamagedFileError: no ``.npz``.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist())
    except _ZIP_ERRORS as error:
        raise DamagedFileError(f"it is not a whole .npz file ({error or type(error).__name__})") from error


def _array(name: str, data: bytes) -> NDArray[Any]:
    """Return the array of one ``.npy`` file, a view of `data` wherever it is in C order."""
    kind, fortran_order, shape, start = _header(name, data)
    if not _PLAIN.fullmatch(kind):
        what = "Python objects, which are never unpickled" if "O" in kind else f"values of type {kind!r}"
        raise DamagedFileError(f"its array {name!r} holds {what}; expected numbers or text")
    try:
        dtype = np.dtype(kind)
        if math.prod(shape) * dtype.itemsize != len(data) - start:
            raise DamagedFileError(
                f"its array {name!r} has {len(data) - start:,} bytes; its header states {shape} of {kind!r}"
            )
        flat = np.frombuffer(data, dtype, offset=start) if len(data) > start else np.zeros(0, dtype)
        array = np.ascontiguousarray(flat.reshape(shape, order="F" if fortran_order else "C"))
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"its array {name!r} is damaged ({error})") from error
    array.flags.writeable = False
    return array


def _header(name: str, data: bytes) -> tuple[str, bool, tuple[int, ...], int]:
    """Return the type code, whether the order is Fortran's, the shape, and where the values begin."""
    damaged = DamagedFileError(f"its array {name!r} has no whole .npy header")
    if len(data) < 12 or not data.startswith(_MAGIC) or data[6] not in (1, 2, 3):
        raise damaged
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    text = data[8 + width : min(start, 10_000)].decode("latin-1")
    found = {key: pattern.search(text) for key, pattern in _KEYS.items()}
    values = {key: match.group(1) for key, match in found.items() if match}
    if start > len(data) or len(values) < len(_KEYS):
        raise damaged
    lengths = [part.strip(" L") for part in values["shape"].split(",")]
    if not all(part.isdigit() for part in lengths if part) or len(lengths) > _MOST_AXES:
        raise damaged
    shape = tuple(int(part) for part in lengths if part)
    return values["descr"], values["fortran_order"] == "True", shape, start
