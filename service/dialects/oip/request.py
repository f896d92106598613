"""The body of an ``infer`` request: JSON, with the tensors in it or, as bytes, behind it."""

import math
from typing import Any, NamedTuple

from numpy.typing import NDArray

from service.dialects.oip import datatypes
from service.dialects.oip.body import parsed
from service.dialects.oip.parameters import flag, parameters_of, priority, timeout_s
from service.dialects.oip.tensors import read_input
from service.errors import InvalidInput
from service.pending import NORMAL
from service.signature import Signature


class Wanted(NamedTuple):
    """An output that was asked for; `classes` is how many of the best, 0 for the numbers themselves."""

    name: str
    binary: bool
    classes: int


class InferRequest(NamedTuple):
    """A request as it was read.

    Attributes:
        id: to be echoed; None where there was none.
        arrays: one for each input of the model, in its order, as they were sent.
        wanted: the outputs to answer with; None for all.
        binary: whether outputs are answered as bytes where none are listed.
        timeout_s: the answer is worth nothing later; None where nothing is said.
        priority: the lower, the sooner.
    """

    id: str | None
    arrays: list[NDArray[Any]]
    wanted: tuple[Wanted, ...] | None
    binary: bool
    timeout_s: float | None
    priority: int


def read_raw(body: bytes, signature: Signature) -> InferRequest:
    """Read a request without JSON: the whole body is one row of the model's only input.

    Raises:
        InvalidInput: the model has several inputs or more than one axis of any length, or the size is wrong.
    """
    tensor = signature.input
    unknown = tensor.shape.count(None)
    if len(signature.inputs) > 1 or unknown > 1:
        raise InvalidInput("a request without JSON is for models of one input with at most one variable axis")
    known = math.prod(n for n in tensor.shape if n is not None) * tensor.dtype.itemsize
    if not body or not known or len(body) % known or (not unknown and len(body) != known):
        raise InvalidInput(f"unexpected size for input '{tensor.name}': expected {known} bytes")
    shape = [len(body) // known if n is None else n for n in tensor.shape]
    values = datatypes.from_bytes(memoryview(body), datatypes.name_of(tensor.dtype), tensor.dtype)
    return InferRequest(None, [values.reshape((1, *shape))], None, True, None, NORMAL)


def read(body: bytes, json_length: int | None, signature: Signature) -> InferRequest:
    """Read a request.

    Args:
        body: JSON, and behind it the tensors that state their ``binary_data_size``, in their order.
        json_length: bytes of the JSON; None where it is all of the body.
        signature: of the version that answers.

    Raises:
        MalformedBody: no JSON, or no object.
        InvalidInput: what it says does not fit the model; the message names the input.
    """
    document = parsed(body if json_length is None else body[:json_length])
    parameters = parameters_of(document, "the request")
    as_binary = flag(parameters, "binary_data_output", "the request")
    behind = memoryview(b"" if json_length is None else body)[json_length or 0 :]
    return InferRequest(
        _id(document),
        _arrays(document, behind, signature),
        _wanted(document.get("outputs"), as_binary, signature),
        as_binary,
        timeout_s(parameters),
        priority(parameters),
    )


def _id(document: dict[str, Any]) -> str | None:
    found = document.get("id")
    if found is not None and not isinstance(found, str):
        raise InvalidInput("expected 'id', a text")
    return found


def _arrays(document: dict[str, Any], binary: memoryview, signature: Signature) -> list[NDArray[Any]]:
    given = document.get("inputs")
    if not isinstance(given, list) or not given:
        raise InvalidInput("expected 'inputs', a list of tensors")
    tensors = {tensor.name: tensor for tensor in signature.inputs}
    arrays: dict[str, NDArray[Any]] = {}
    for one in given:
        name, array, binary = read_input(one, binary, tensors)
        if name in arrays:
            raise InvalidInput(f"input '{name}' stands twice")
        arrays[name] = array
    if len(binary):
        raise InvalidInput(f"unexpected additional input data: {len(binary)} bytes behind the last tensor")
    missing = ", ".join(f"'{name}'" for name in tensors if name not in arrays)
    if missing:
        raise InvalidInput(f"expected {len(tensors)} inputs but got {len(arrays)}; missing: {missing}")
    return [arrays[name] for name in tensors]


def _wanted(given: Any, as_binary: bool, signature: Signature) -> tuple[Wanted, ...] | None:
    if given is None or given == []:
        return None
    if not isinstance(given, list):
        raise InvalidInput("expected 'outputs', a list of objects with a 'name'")
    return tuple(_output(one, as_binary, signature) for one in given)


def _output(given: Any, as_binary: bool, signature: Signature) -> Wanted:
    name = given.get("name") if isinstance(given, dict) else None
    output = next((one for one in signature.outputs if one.name == name), None)
    if output is None:
        said = ", ".join(f"'{one.name}'" for one in signature.outputs)
        raise InvalidInput(f"unexpected inference output: this model has {said}")
    where = f"output '{output.name}'"
    parameters = parameters_of(given, where)
    classes = parameters.get("classification", 0)
    if type(classes) is not int or classes < 0:
        raise InvalidInput(f"{where}: classification is how many classes to give, a whole number")
    if classes and len(output.shape) != 1:
        raise InvalidInput(f"{where}: classification is for outputs of one value a class")
    return Wanted(output.name, flag(parameters, "binary_data", where, as_binary), min(classes, output.units))
