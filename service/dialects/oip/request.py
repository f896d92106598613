"""What the JSON of an ``infer`` request says: where its tensors are, and what the answer is to hold."""

import math
from typing import Any, NamedTuple

from service.batching.entry import NORMAL
from service.dialects.oip.body import parsed
from service.dialects.oip.datatypes import name_of
from service.dialects.oip.parameters import flag, parameters_of, priority, timeout_s
from service.dialects.oip.tensors import Source, locate
from service.errors import InvalidInput
from service.signature import Signature


class Wanted(NamedTuple):
    """An output that was asked for; `classes` is how many of the best, 0 for the numbers themselves."""

    name: str
    binary: bool
    classes: int


class Head(NamedTuple):
    """What the JSON of a request says, and so where its tensors are.

    Attributes:
        id: to be echoed; None where there was none.
        sources: one for each input of the model, in its order.
        behind: bytes that must follow the JSON.
        wanted: the outputs to answer with; None for all.
        binary: whether outputs are answered as bytes where none are listed.
        timeout_s: the answer is worth nothing later; None where nothing is said.
        priority: the lower, the sooner.
    """

    id: str | None
    sources: tuple[Source, ...]
    behind: int
    wanted: tuple[Wanted, ...] | None
    binary: bool
    timeout_s: float | None
    priority: int


def raw_head(length: int, signature: Signature) -> Head:
    """Return what a request without JSON says: the body is one row of the model's only input.

    Raises:
        InvalidInput: the model has several inputs or more than one axis of any length, or the size is wrong.
    """
    tensor = signature.input
    unknown = tensor.shape.count(None)
    if len(signature.inputs) > 1 or unknown > 1:
        raise InvalidInput("a request without JSON is for models of one input with at most one variable axis")
    known = math.prod(n for n in tensor.shape if n is not None) * tensor.dtype.itemsize
    if not length or not known or length % known or (not unknown and length != known):
        raise InvalidInput(f"unexpected size for input '{tensor.name}': expected {known} bytes")
    shape = tuple(length // known if n is None else n for n in tensor.shape)
    source = Source(tensor, (1, *shape), name_of(tensor.dtype), tensor.dtype, None, 0, length)
    return Head(None, (source,), length, None, True, None, NORMAL)


def read_head(head: bytes, signature: Signature, *, apart: bool = False) -> Head:
    """Read the JSON of a request; `apart` says that the ``data`` of its tensor were taken out.

    Raises:
        MalformedBody: no JSON, or no object.
        InvalidInput: what it says does not fit the model; the message names the input.
    """
    document = parsed(head)
    parameters = parameters_of(document, "the request")
    as_binary = flag(parameters, "binary_data_output", "the request")
    sources, behind = _sources(document, signature, apart)
    return Head(
        _id(document),
        sources,
        behind,
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


def _sources(document: dict[str, Any], signature: Signature, apart: bool) -> tuple[tuple[Source, ...], int]:
    """Return where the values of each input are, and how many bytes of them follow the JSON."""
    given = document.get("inputs")
    if not isinstance(given, list) or not given:
        raise InvalidInput("expected 'inputs', a list of tensors")
    tensors = signature.inputs_by_name
    sources: dict[str, Source] = {}
    behind = 0
    for one in given:
        source = locate(one, behind, tensors, apart=apart)
        behind += source.size
        name = source.tensor.name
        if name in sources:
            raise InvalidInput(f"input '{name}' stands twice")
        sources[name] = source
    missing = ", ".join(f"'{name}'" for name in tensors if name not in sources)
    if missing:
        raise InvalidInput(f"expected {len(tensors)} inputs but got {len(sources)}; missing: {missing}")
    return tuple(sources[name] for name in tensors), behind


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
