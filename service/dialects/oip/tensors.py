"""One input of a request: its name, shape and datatype held against the model's, and its values."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.dialects.oip import datatypes
from service.dialects.oip.parameters import parameters_of
from service.errors import InvalidInput
from service.signature import Input

_MOST_DIMENSIONS = 32


def read_input(
    given: Any, binary: memoryview, tensors: dict[str, Input]
) -> tuple[str, NDArray[Any], memoryview]:
    """Return the name and the values of an input, and the binary data that are left for the others.

    Args:
        given: one of ``inputs``, as `service.dialects.oip.body` gives it.
        binary: what follows the JSON and is not yet read.
        tensors: the model's inputs by name.

    Raises:
        InvalidInput: it does not fit; the message names the input.
    """
    if not isinstance(given, dict):
        raise InvalidInput("expected each of 'inputs' to be an object")
    name = given.get("name")
    tensor = tensors.get(name) if isinstance(name, str) else None
    if tensor is None:
        said = ", ".join(f"'{one}'" for one in tensors)
        raise InvalidInput(f"unexpected inference input: expected {said}")
    where = f"input '{tensor.name}'"
    shape = _shape(given.get("shape"), tensor)
    datatype = given.get("datatype")
    datatype = datatype if isinstance(datatype, str) else ""
    dtype = datatypes.dtype_for(datatype, tensor)
    count = math.prod(shape)
    size = parameters_of(given, where).get("binary_data_size")
    if size is not None:
        needed = count * dtype.itemsize
        _check_size(size, needed, len(binary), tensor)
        values = datatypes.from_bytes(binary[:needed], datatype, dtype)
        return tensor.name, values.reshape(shape), binary[needed:]
    if datatype == datatypes.BF16:
        raise InvalidInput(f"{where}: BF16 can be sent as binary data alone")
    if "data" not in given:
        raise InvalidInput(f"{where}: expected 'data', or a 'binary_data_size' among its parameters")
    values = _values(given["data"], dtype, tensor)
    if len(values) != count:
        raise InvalidInput(f"{where}: its shape makes {count} values; its data hold {len(values)}")
    return tensor.name, values.reshape(shape), binary


def _shape(shape: Any, tensor: Input) -> list[int]:
    expected = ",".join("-1" if n is None else str(n) for n in (None, *tensor.shape))
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise InvalidInput(f"input '{tensor.name}': expected 'shape', a list like [{expected}]")
    if not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise InvalidInput(f"input '{tensor.name}': expected 'shape', whole numbers like [{expected}]")
    if not shape or not tensor.fits(tuple(shape[1:])):
        got = ",".join(map(str, shape))
        raise InvalidInput(f"unexpected shape for input '{tensor.name}': expected [{expected}], got [{got}]")
    if 0 in shape:
        raise InvalidInput(f"input '{tensor.name}': expected at least one row, and no axis of 0")
    return shape


def _check_size(size: Any, needed: int, left: int, tensor: Input) -> None:
    if type(size) is not int or size != needed:
        raise InvalidInput(
            f"unexpected size for input '{tensor.name}': its shape and datatype make {needed} bytes, "
            "and its binary_data_size says something else"
        )
    if left < needed:
        raise InvalidInput(
            f"unexpected size for input '{tensor.name}', expecting {needed - left} additional bytes"
        )


def _values(data: Any, dtype: np.dtype[Any], tensor: Input) -> NDArray[Any]:
    """Return the values of ``data`` as a flat array."""
    if dtype.kind == "b" and isinstance(data, list):
        return _booleans(data, tensor)
    if not isinstance(data, np.ndarray):
        kind = "numbers" if dtype.kind == "f" else f"whole numbers of {datatypes.name_of(dtype)}"
        raise InvalidInput(f"input '{tensor.name}': expected 'data', a list of {kind} alone")
    if dtype.kind == "f":
        return data
    limits = np.iinfo(dtype)
    if data.size and (data.min() < limits.min or data.max() > limits.max):
        raise InvalidInput(f"input '{tensor.name}': a value does not fit {datatypes.name_of(dtype)}")
    return data.astype(dtype)


def _booleans(data: list[Any], tensor: Input) -> NDArray[Any]:
    flat: list[bool] = []
    pending = data[::-1]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one[::-1]
        elif isinstance(one, bool):
            flat.append(one)
        else:
            raise InvalidInput(f"input '{tensor.name}': expected 'data', a list of true and false alone")
    return np.array(flat, np.bool_)
