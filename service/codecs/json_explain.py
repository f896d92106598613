"""The slow reading of a JSON body: for the shapes that the fast one does not take, and to say what is wrong.

It names places, types and shapes, and never repeats a value.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.codecs.shapes import describe, matches, to_rows
from service.errors import InvalidInput, MalformedBody
from service.signature import Input

QUICK_BYTES = 4 * 1024
"""A body up to so many bytes is read in two milliseconds or less: Python objects of numbers take long."""

MOST_LEVELS = 32
"""Lists within lists, of which the deepest model has far fewer."""

_TYPE_NAMES = {str: "a string", bool: "a boolean", type(None): "null", dict: "an object", list: "a list"}


def read(body: bytes, inputs: Sequence[Input]) -> list[NDArray[Any]]:
    """Return the rows of ``{"instances": X}``, float64 [n, *shape], for each input.

    Raises:
        MalformedBody: no JSON, or nested too deeply to be read.
        InvalidInput: JSON that is not such an object, or whose numbers do not fit the model.
    """
    document = load_object(body)
    require_keys(document, {"instances"})
    return tensors_of(document["instances"], inputs)


def load_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, in which every key stands once."""
    try:
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique)
    except RecursionError as error:
        raise MalformedBody("the JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"expected JSON; {error.msg} at line {error.lineno} column {error.colno}"
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedBody("expected JSON in UTF-8") from error
    except ValueError as error:  # a number of thousands of digits
        raise InvalidInput("a number has too many digits; expected finite numbers") from error
    if not isinstance(document, dict):
        raise InvalidInput(f'expected a JSON object with "instances"; got {_type_name(document)}')
    return document


def require_keys(document: dict[str, Any], keys: set[str]) -> None:
    """Refuse a document that has not exactly these keys."""
    wanted = " and ".join(f'"{key}"' for key in sorted(keys))
    for key in keys - document.keys():
        raise InvalidInput(f'expected a JSON object with {wanted}; "{key}" is missing')
    if document.keys() - keys:
        raise InvalidInput(f"expected a JSON object with {wanted} alone; got {len(document)} keys")


def tensors_of(instances: Any, inputs: Sequence[Input]) -> list[NDArray[Any]]:
    """Return the rows for each input: of one, a list of them; of several, of objects by their names."""
    named = isinstance(instances, list) and instances and isinstance(instances[0], dict)
    if len(inputs) == 1 and not named:
        return [rows_of(instances, inputs[0])]
    said = ", ".join(tensor.name for tensor in inputs)
    if not named:
        raise InvalidInput(f"instances: expected a list of objects with the inputs {said}")
    wanted = {tensor.name for tensor in inputs}
    for index, instance in enumerate(instances):
        if not isinstance(instance, dict) or instance.keys() != wanted:
            raise InvalidInput(f"instances[{index}]: expected an object with the inputs {said} alone")
    return [_named(instances, tensor) for tensor in inputs]


def _named(instances: list[dict[str, Any]], tensor: Input) -> NDArray[Any]:
    values = [instance[tensor.name] for instance in instances]
    where = f"the input {tensor.name} of instances"
    _check_nesting(values, where, tensor, MOST_LEVELS)
    array = np.array(values, np.float64)
    if not matches(array.shape[1:], tensor.shape):
        raise InvalidInput(f"{where}: expected {tensor.expected()}; got {describe(array.shape[1:])} in each")
    return array


def rows_of(instances: Any, tensor: Input) -> NDArray[Any]:
    """Return rows of nested lists of numbers, float64 [n, *tensor.shape]."""
    if not isinstance(instances, list):
        raise InvalidInput(f"instances: expected {tensor.expected()}; got {_type_name(instances)}")
    if not instances:
        raise InvalidInput(f"instances: expected {tensor.expected()}; got an empty list")
    _check_nesting(instances, "instances", tensor, MOST_LEVELS)
    return to_rows(np.array(instances, np.float64), tensor)


def _check_nesting(value: Any, where: str, tensor: Input, levels: int) -> tuple[int, ...]:
    """Return the shape of nested lists; every level must be even, and every leaf a finite number."""
    if not isinstance(value, list):
        _check_number(value, where)
        return ()
    if not levels:
        raise InvalidInput(f"lists may be nested {MOST_LEVELS} levels deep; expected {tensor.expected()}")
    shape: tuple[int, ...] | None = None
    for index, item in enumerate(value):
        inner = _check_nesting(item, f"{where}[{index}]", tensor, levels - 1)
        if shape is None:
            shape = inner
        elif inner != shape:
            raise InvalidInput(
                f"{where}[{index}] is {describe(inner)} where {where}[0] is {describe(shape)}; "
                f"expected {tensor.expected()}"
            )
    return (len(value), *(shape or ()))


def _check_number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{where} is {_type_name(value)}; expected a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise InvalidInput(f"{where} is not a finite number")


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), "a number")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, in which every key must stand once: a hook for Python's parser."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidInput("a key stands twice in one JSON object")
    return found
