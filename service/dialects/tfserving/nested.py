"""From JSON values to arrays, as strictly as TensorFlow Serving: nested lists of an input's very shape.

What a model computes in floats takes any number; what it computes in whole numbers takes no ``1.0``; what
is true or false takes these, and 0 and 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidInput
from service.signature import Input

_JSON_TYPES = {type(None): "Null", bool: "Boolean", dict: "Object", list: "Array", str: "String"}
_LEAVES: dict[str, set[type]] = {"f": {float, int}, "i": {int}, "u": {int}, "b": {bool, int}}
_DTYPES = {"float32": "float", "float64": "double"}


class Nesting:
    """Checks values for one input. An axis of any length takes the length of the first list that it meets."""

    def __init__(self, tensor: Input, *, with_batch: bool = False) -> None:
        self._lengths = [None, *tensor.shape] if with_batch else list(tensor.shape)
        self._leaves = _LEAVES[tensor.dtype.kind]
        self._dtype = type_name(tensor)

    def check(self, value: Any, where: str) -> None:
        """Pass nested lists of the input's shape and type.

        Raises:
            InvalidInput: it is anything else; the message says where.
        """
        self._check(value, 0, where)

    def _check(self, value: Any, level: int, where: str) -> None:
        rank = len(self._lengths)
        if level == rank:
            self.check_value(value, where)
            return
        if not isinstance(value, list):
            raise InvalidInput(
                f"JSON Value at {where} Type: {json_type(value)} found at incorrect level: {level + 1} "
                f"in the JSON DOM. Expected at level: {rank + 1}; this input is of shape {self._shape}"
            )
        self._check_length(value, level, where)
        if level + 1 == rank and self._leaves.issuperset(map(type, value)):
            return  # the commonest case by far, without a name for each number
        for index, item in enumerate(value):
            self._check(item, level + 1, f"{where}[{index}]")

    def _check_length(self, value: list[Any], level: int, where: str) -> None:
        expected = self._lengths[level]
        if expected is None and value:
            self._lengths[level] = len(value)
        elif len(value) != expected:
            raise InvalidInput(
                f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
                f"{'at least 1' if expected is None else expected} at {where}; "
                f"this input is of shape {self._shape}"
            )

    def check_value(self, value: Any, where: str) -> None:
        """Pass one value of the input's type.

        Raises:
            InvalidInput: it is anything else; the message says where.
        """
        if isinstance(value, list):
            rank = len(self._lengths)
            raise InvalidInput(
                f"Encountered list at unexpected level: {rank} expected < {rank} at {where}; "
                f"this input is of shape {self._shape}"
            )
        if isinstance(value, dict) and value.keys() == {"b64"}:
            raise InvalidInput(
                f"JSON Value at {where} is the base64 of a text or of bytes, which no model here takes; "
                f"expected type: {self._dtype}"
            )
        if type(value) not in self._leaves:
            raise InvalidInput(
                f"JSON Value at {where} Type: {json_type(value)} is not of expected type: {self._dtype}"
            )

    @property
    def _shape(self) -> str:
        return "[" + ",".join("?" if n is None else str(n) for n in self._lengths) + "]"


def array_of(values: Any, tensor: Input, where: str) -> NDArray[Any]:
    """Return checked values as an array: of 64-bit whole numbers where the input takes these, else float64.

    Raises:
        InvalidInput: a number is larger than any float.
    """
    if tensor.dtype.kind != "f":
        for dtype in (np.int64, np.uint64):
            try:
                return np.array(values, dtype)
            except OverflowError:
                continue
    try:
        return np.array(values, np.float64)
    except OverflowError as error:
        raise InvalidInput(
            f"a JSON Value at {where} cannot be converted to {type_name(tensor)}: too large"
        ) from error


def type_name(tensor: Input) -> str:
    """Return what TensorFlow calls the type of an input."""
    return _DTYPES.get(tensor.dtype.name, tensor.dtype.name)


def json_type(value: Any) -> str:
    """Return what messages call the JSON type of a value."""
    return _JSON_TYPES.get(type(value), "Number")
