"""``application/x-npy``: NumPy's array format, read without pickle and within its declared size."""

import io
import math
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from service.codecs.shapes import to_rows
from service.errors import InvalidInput, MalformedBody
from service.signature import Input

CONTENT_TYPE = "application/x-npy"

MOST_AXES = 32


def decode(body: bytes, tensor: Input) -> NDArray[Any]:
    """Return the rows of an ``.npy`` body, of the dtype that it states.

    Raises:
        MalformedBody: no ``.npy`` file, or fewer or more bytes than its header states.
        InvalidInput: not of real numbers, or not of the model's shape.
    """
    return to_rows(read_array(body), tensor)


def encode(rows: NDArray[Any]) -> bytes:
    """Return rows as an ``.npy`` file."""
    file = io.BytesIO()
    npy_format.write_array(file, rows, allow_pickle=False)
    return file.getvalue()


def read_array(body: bytes, kinds: str = "uif") -> NDArray[Any]:
    """Return the array that an ``.npy`` file holds, a view of the body; its dtype is of one of the kinds."""
    file = io.BytesIO(body)
    try:
        version = npy_format.read_magic(file)
        read_header = (
            npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        )
        shape, fortran_order, dtype = read_header(file)
    except Exception as error:  # NumPy parses the header as Python, and raises whatever that raises
        raise MalformedBody("expected a NumPy .npy file; its header cannot be read") from error
    if dtype.kind not in kinds:
        raise InvalidInput(f"expected an array of real numbers; got dtype {dtype.name}")
    if len(shape) > MOST_AXES:
        raise InvalidInput(f"an array may have {MOST_AXES} axes; got {len(shape)}")
    if not all(0 <= n < 2**40 for n in shape) or not dtype.itemsize:
        raise MalformedBody("expected a NumPy .npy file; its header states a length that no array has")
    needed, data = math.prod(shape) * dtype.itemsize, memoryview(body)[file.tell() :]
    if needed != len(data):
        raise MalformedBody(f"the .npy header states {needed} bytes of data; got {len(data)}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")
