"""The JSON of a request as plain Python, with the data of its tensors in typed arrays.

A SIMD parser writes numbers straight into a buffer, so that no Python number is made of any. It refuses
the next body while anything of the last one is alive, as an error's traceback would be: so nothing is
judged here, and nothing of the parser leaves.
"""

import json
from typing import Any, Literal, NamedTuple

import numpy as np
import simdjson
from numpy.typing import NDArray

from service.codecs.json_explain import MOST_LEVELS
from service.codecs.simd import parser
from service.errors import MalformedBody

_DATA = b'"data":'
Buffer = Literal["u", "i", "d"]
_WIDE: dict[Buffer, type[np.generic]] = {"u": np.uint64, "i": np.int64, "d": np.float64}


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object of a body. The ``data`` of each of its ``inputs`` is one of three things.

    An array of 64-bit numbers, flat, as the tensor's datatype suggests; a list, of booleans; or None,
    where it is neither.

    Raises:
        MalformedBody: no JSON, no object, one nested too deeply, or a key that stands twice in one.
    """
    try:
        document = parser().parse(body)
    except (ValueError, RuntimeError) as error:
        raise _unreadable(body) from error
    found: dict[str, Any] | None = None
    why = "expected a JSON object with 'inputs'"
    try:
        found = _members(document) if isinstance(document, simdjson.Object) else None
    except _Unfit as error:
        why = str(error)
    del document
    # Raised here, where nothing of the parser is alive any more that a traceback could hold.
    if found is None:
        raise MalformedBody(why)
    return found


class _Unfit(Exception):
    """What is parsed may not be taken; the message says why."""


class Split(NamedTuple):
    """A body with ``null`` where the flat ``data`` of its only tensor stood, and that list."""

    head: bytes
    data: bytes


def split(body: bytes) -> Split | None:
    """Take the numbers out of a body; None of one with no tensor in it, or with several, or nested data.

    What is left is the same from request to request, while the numbers change. Bytes are looked at, not
    JSON: a key of this spelling stands in no text, where its quotes would be escaped.
    """
    key = body.find(_DATA)
    first = body.find(b"[", key)
    last = body.find(b"]", first)
    if key < 0 or first < 0 or last < 0 or body[key + len(_DATA) : first].strip():
        return None
    if body.find(b"[", first + 1, last) >= 0 or body.find(_DATA, last) >= 0:
        return None
    return Split(body[:first] + b"null" + body[last + 1 :], body[first : last + 1])


def numbers(data: bytes, datatype: str) -> NDArray[Any] | list[Any] | None:
    """Return the list that `split` took out, as `parsed` returns ``data``."""
    try:
        found = parser().parse(data)
    except (ValueError, RuntimeError) as error:
        raise _unreadable(data) from error
    try:
        return _data(found, datatype)
    finally:
        del found


def _unreadable(body: bytes) -> MalformedBody:
    """Say what is wrong with a body: the SIMD parser says little, so another one reads it again."""
    said = "failed to parse the request JSON buffer"
    try:
        json.loads(body.decode())
    except json.JSONDecodeError as error:
        return MalformedBody(f"{said}: {error.msg} at line {error.lineno} column {error.colno}")
    except UnicodeDecodeError:
        return MalformedBody(
            f"{said}: no text in UTF-8; tensors as bytes need the header Inference-Header-Content-Length"
        )
    except RecursionError:
        return MalformedBody(f"{said}: it is nested too deeply")
    except ValueError:
        pass
    return MalformedBody(f"{said}: a number is NaN, infinite, or of too many digits")


def _members(document: simdjson.Object) -> dict[str, Any]:
    # By the keys that there are: to ask for a missing one costs as much as all the rest.
    found: dict[str, Any] = {}
    for key in _keys(document):
        value = document[key]
        if key == "inputs":
            found[key] = [_tensor(one) for one in value] if isinstance(value, simdjson.Array) else None
        else:
            found[key] = _plain(value)
    return found


def _tensor(given: Any) -> Any:
    if not isinstance(given, simdjson.Object):
        return _plain(given)
    keys = _keys(given)
    datatype = given["datatype"] if "datatype" in keys else None
    return {key: _data(given[key], datatype) if key == "data" else _plain(given[key]) for key in keys}


def _data(given: Any, datatype: Any) -> NDArray[Any] | list[Any] | None:
    if not isinstance(given, simdjson.Array):
        return None
    if datatype == "BOOL":
        return given.as_list()
    letter: Buffer = "d"
    if isinstance(datatype, str) and datatype.startswith(("UINT", "INT")):
        letter = "u" if datatype[0] == "U" else "i"
    try:
        return np.frombuffer(given.as_buffer(of_type=letter), _WIDE[letter])
    except (TypeError, ValueError):
        return None


def _plain(value: Any, levels: int = MOST_LEVELS) -> Any:
    if not isinstance(value, simdjson.Object | simdjson.Array):
        return value
    if not levels:
        raise _Unfit(f"lists and objects may be nested {MOST_LEVELS} levels deep")
    if isinstance(value, simdjson.Object):
        return {key: _plain(value[key], levels - 1) for key in _keys(value)}
    return [_plain(one, levels - 1) for one in value]


def _keys(document: simdjson.Object) -> list[str]:
    """Return the keys of an object, in which each must stand once: the parser would give the first."""
    keys = list(document.keys())
    if len(set(keys)) < len(keys):
        raise _Unfit("a key stands twice in one JSON object")
    return keys
