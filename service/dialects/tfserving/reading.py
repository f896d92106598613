"""Bodies of TensorFlow Serving to rows: `instances` by row, `inputs` by column, `examples` by feature.

Numbers for a model of one input, without names, take the fast way of `service.codecs.json_rows`;
everything else goes through Python objects.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.codecs import json_explain, json_rows
from service.codecs.bodies import InputLimits
from service.codecs.checks import NO_WARNINGS, checked, checked_tensors
from service.codecs.json_rows import Frame
from service.dialects.port import Question
from service.dialects.tfserving import documents
from service.dialects.tfserving.examples import arrays_of
from service.dialects.tfserving.nested import Nesting, array_of, json_type
from service.dialects.tfserving.paths import PREDICT
from service.errors import InvalidInput, TooLarge
from service.signature import Input, Signature

INSTANCES = "instances"
INPUTS = "inputs"

_SIGNED = [(documents.SIGNATURE_KEY, documents.SIGNATURE)]
_FRAMES = tuple(
    frame
    for key in (INSTANCES, INPUTS)
    for frame in (Frame.of(key), Frame.of(key, before=_SIGNED), Frame.of(key, behind=_SIGNED))
)
"""The objects around plain rows as clients write them; TensorFlow's tutorials name the signature."""


class Details(NamedTuple):
    """What the answer is to know of its request."""

    by_column: bool
    warning: str | None


class Reader:
    """Turns bodies into rows, within limits."""

    def __init__(self, limits: InputLimits) -> None:
        self._max_rows = limits.max_rows

    def read_quickly(self, body: bytes, operation: str, signature: Signature) -> Question | None:
        """Return what `read` returns, or None where that takes too long for an event loop."""
        if len(body) > json_rows.QUICK_BYTES:
            return None
        question = self._plain(body, signature) if operation == PREDICT else None
        if question is None and len(body) <= json_explain.QUICK_BYTES:
            question = self._any(body, operation, signature)
        return question

    def read(self, body: bytes, operation: str, signature: Signature) -> Question:
        """Return the checked rows of a body.

        Raises:
            MalformedBody: no JSON.
            InvalidInput: not as TensorFlow Serving takes it, or not what the model takes.
            TooLarge: too many rows.
        """
        question = self._plain(body, signature) if operation == PREDICT else None
        return self._any(body, operation, signature) if question is None else question

    def _plain(self, body: bytes, signature: Signature) -> Question | None:
        tensor = signature.input
        if len(signature.inputs) > 1:
            return None
        found = json_rows.framed(body, tensor, _FRAMES, exact=True)
        if found is None:
            return None
        frame, rows = found
        if rows.dtype.kind == "f" and tensor.dtype.kind != "f":
            return None  # numbers below zero, or 1.0, which is no whole number to TensorFlow
        return self._question([rows], signature, frame.key)

    def _any(self, body: bytes, operation: str, signature: Signature) -> Question:
        document = documents.load(body)
        if operation != PREDICT:
            return self._question(arrays_of(document, signature.inputs), signature, "examples")
        if INSTANCES in document and INPUTS in document:
            raise InvalidInput(
                f"Not formatted correctly expecting only one of '{INPUTS}' or '{INSTANCES}' keys to exist"
            )
        if INSTANCES in document:
            return self._question(_by_row(document[INSTANCES], signature.inputs), signature, INSTANCES)
        if INPUTS in document:
            return self._question(_by_column(document[INPUTS], signature.inputs), signature, INPUTS)
        raise InvalidInput(f"Missing '{INPUTS}' or '{INSTANCES}' key")

    def _question(self, arrays: list[NDArray[Any]], signature: Signature, key: str) -> Question:
        count = max(map(len, arrays))
        if count > self._max_rows:
            raise TooLarge(f"one request may hold {self._max_rows} rows; got {count}")
        warnings = NO_WARNINGS
        if len(arrays) == 1:
            rows, warnings = checked(arrays[0], signature.input, key)
        else:
            rows = checked_tensors(arrays, signature.inputs)
        return Question(rows, Details(key == INPUTS, warnings[0] if warnings else None))


def _by_row(instances: Any, inputs: tuple[Input, ...]) -> list[NDArray[Any]]:
    if not isinstance(instances, list):
        raise InvalidInput(f"Expecting '{INSTANCES}' to be an list/array; got Type: {json_type(instances)}")
    if not instances:
        raise InvalidInput(f"No values in '{INSTANCES}' array")
    if not _is_named(instances[0]):
        if len(inputs) > 1:
            raise InvalidInput(
                f"{INSTANCES} is a plain list, but expecting list of objects as multiple input tensors "
                f"required as per tensorinfo_map: {_names(inputs)}"
            )
        return [_plain_rows(instances, inputs[0])]
    nestings = {tensor.name: Nesting(tensor) for tensor in inputs}
    for index, instance in enumerate(instances):
        _check_named(instance, index, nestings)
    return [array_of([one[tensor.name] for one in instances], tensor, INSTANCES) for tensor in inputs]


def _plain_rows(instances: list[Any], tensor: Input) -> NDArray[Any]:
    nesting = Nesting(tensor)
    for index, instance in enumerate(instances):
        if _is_named(instance):
            raise InvalidInput(f"Expecting value/list but got object at item {index} of input list")
        try:
            nesting.check(instance, f"{INSTANCES}[{index}]")
        except InvalidInput as error:
            raise InvalidInput(
                f"Failed to process element: {index} of '{INSTANCES}' list. Error: {error.message}"
            ) from error
    return array_of(instances, tensor, INSTANCES)


def _check_named(instance: Any, index: int, nestings: Mapping[str, Nesting]) -> None:
    if not _is_named(instance):
        raise InvalidInput(f"Expecting object but got {json_type(instance)} at item {index} of input list")
    if instance.keys() != nestings.keys():
        raise InvalidInput(
            f"Failed to process element: {index} of '{INSTANCES}' list. JSON object keys must be equal to: "
            f"{','.join(sorted(nestings))}"
        )
    for name, nesting in nestings.items():
        try:
            nesting.check(instance[name], f"{INSTANCES}[{index}].{name}")
        except InvalidInput as error:
            raise InvalidInput(
                f"Failed to process element: {index} key: {name} of '{INSTANCES}' list. "
                f"Error: {error.message}"
            ) from error


def _by_column(value: Any, inputs: tuple[Input, ...]) -> list[NDArray[Any]]:
    if not _is_named(value):
        if len(inputs) > 1:
            raise InvalidInput(
                f"{INPUTS} is a plain value/list, but expecting an object as multiple input tensors "
                f"required as per tensorinfo_map: {_names(inputs)}"
            )
        return [_column(value, inputs[0], INPUTS)]
    for tensor in inputs:
        if tensor.name not in value:
            raise InvalidInput(f"Missing named input: {tensor.name} in '{INPUTS}' object.")
    return [_column(value[tensor.name], tensor, f"{INPUTS}.{tensor.name}") for tensor in inputs]


def _column(value: Any, tensor: Input, where: str) -> NDArray[Any]:
    Nesting(tensor, with_batch=True).check(value, where)
    return np.asarray(array_of(value, tensor, where))


def _is_named(value: Any) -> bool:
    """Whether a value is an object by names, and not the one that stands for bytes."""
    return isinstance(value, dict) and value.keys() != {"b64"}


def _names(inputs: tuple[Input, ...]) -> str:
    return ",".join(sorted(tensor.name for tensor in inputs))
