"""One input of a request: its name, shape and datatype held against the model's, and where its values are."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.dialects.oip import datatypes
from service.dialects.oip.parameters import parameters_of
from service.errors import InvalidInput
from service.signature import Input

_MOST_DIMENSIONS = 32
_LARGEST_HALF = float(np.finfo(np.float16).max)


class Source(NamedTuple):
    """Where the values of an input are: in `values`, or in the `size` bytes from `start` behind the JSON.

    Where they stood in the JSON and were taken out of it, there are no `values` yet, and no `size`.
    """

    tensor: Input
    shape: tuple[int, ...]
    datatype: str
    dtype: np.dtype[Any]
    values: NDArray[Any] | None = None
    start: int = 0
    size: int = 0

    def read(self, behind: memoryview) -> NDArray[Any]:
        """Return the values in their shape; `behind` holds at least as many bytes as are needed."""
        if self.values is not None:
            return self.values.reshape(self.shape)
        data = behind[self.start : self.start + self.size]
        return datatypes.from_bytes(data, self.datatype, self.dtype).reshape(self.shape)

    def holding(self, data: Any) -> "Source":
        """Return this one with the values of ``data``, as `service.dialects.oip.body` gives it.

        Raises:
            InvalidInput: they are not of the datatype, or not as many as the shape makes.
        """
        values, count = _values(data, self.dtype, self.tensor), math.prod(self.shape)
        if len(values) != count:
            raise InvalidInput(
                f"input '{self.tensor.name}': its shape makes {count} values; its data hold {len(values)}"
            )
        return self._replace(values=values)


def locate(given: Any, start: int, tensors: Mapping[str, Input], *, apart: bool) -> Source:
    """Return where the values of an input are.

    Args:
        given: one of ``inputs``, as `service.dialects.oip.body` gives it.
        start: where binary data of this input would begin, behind the JSON.
        tensors: the model's inputs by name.
        apart: whether its ``data`` were taken out.

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
    if not isinstance(datatype, str) or not datatypes.is_safe(datatype, tensor.dtype):
        raise InvalidInput(f"{where}: {datatypes.expected(tensor.dtype)}; got {datatypes.shown(datatype)}")
    dtype = datatypes.sent_as(datatype)
    size = parameters_of(given, where).get("binary_data_size")
    if size is not None:
        needed = math.prod(shape) * dtype.itemsize
        if type(size) is not int or size != needed:
            raise InvalidInput(
                f"unexpected size for {where}: its shape and datatype make {needed} bytes, "
                "and its binary_data_size says something else"
            )
        return Source(tensor, shape, datatype, dtype, None, start, size)
    if datatype == datatypes.BF16:
        raise InvalidInput(f"{where}: BF16 can be sent as binary data alone")
    source = Source(tensor, shape, datatype, dtype)
    return source if apart and "data" in given else source.holding(given.get("data"))


def _shape(given: Any, tensor: Input) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > _MOST_DIMENSIONS:
        raise InvalidInput(f"input '{tensor.name}': expected 'shape', a list like {_written(tensor)}")
    shape = tuple(given)
    if not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise InvalidInput(f"input '{tensor.name}': expected 'shape', whole numbers like {_written(tensor)}")
    if not shape or not tensor.fits(shape[1:]):
        got = ",".join(map(str, shape))
        raise InvalidInput(
            f"unexpected shape for input '{tensor.name}': expected {_written(tensor)}, got [{got}]"
        )
    if 0 in shape:
        raise InvalidInput(f"input '{tensor.name}': expected at least one row, and no axis of 0")
    return shape


def _written(tensor: Input) -> str:
    return "[" + ",".join("n" if n is None else str(n) for n in (None, *tensor.shape)) + "]"


def _values(data: Any, dtype: np.dtype[Any], tensor: Input) -> NDArray[Any]:
    """Return the values of ``data`` as a flat array: of booleans, or of 64-bit numbers that fit `dtype`."""
    if dtype.kind == "b" and isinstance(data, list):
        return _booleans(data, tensor)
    if not isinstance(data, np.ndarray):
        kind = "numbers" if dtype.kind == "f" else f"whole numbers of {datatypes.name_of(dtype)}"
        raise InvalidInput(
            f"input '{tensor.name}': expected 'data', a list of {kind} alone, or a 'binary_data_size'"
        )
    if dtype.kind == "f":
        # Wider ones are left to the check against the model's own dtype, which is never wider than they are.
        if dtype == np.float16 and data.size and not (np.abs(data) <= _LARGEST_HALF).all():
            raise InvalidInput(f"input '{tensor.name}': a value does not fit FP16")
        return data
    low, high = _limits(dtype)
    # Where the model's own range is narrower, the check of that is to come and says more.
    narrower = tensor.range is not None and low <= tensor.range[0] and tensor.range[1] <= high
    if not narrower and data.size and (data.min() < low or data.max() > high):
        raise InvalidInput(f"input '{tensor.name}': a value does not fit {datatypes.name_of(dtype)}")
    return data


@lru_cache(maxsize=16)
def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


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
