"""The JSON of a request as plain Python, with the data of its tensors in typed arrays.

A SIMD parser writes numbers straight into a buffer, so that no Python number is made of any. It refuses
the next body while anything of the last one is alive, as an error's traceback would be: so nothing is
judged here, and nothing of the parser leaves.
"""

from typing import Any, Literal

import numpy as np
import simdjson
from numpy.typing import NDArray

from service.codecs.simd import parser
from service.errors import MalformedBody

Buffer = Literal["u", "i", "d"]
_WIDE: dict[Buffer, type[np.generic]] = {"u": np.uint64, "i": np.int64, "d": np.float64}


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object of a body. The ``data`` of each of its ``inputs`` is one of three things.

    An array of 64-bit numbers, flat, as the tensor's datatype suggests; a list, of booleans; or None,
    where it is neither.

    Raises:
        MalformedBody: no JSON, or no object.
    """
    try:
        document = parser().parse(body)
    except ValueError as error:
        raise MalformedBody(f"failed to parse the request JSON buffer: {error}") from error
    found = _members(document) if isinstance(document, simdjson.Object) else None
    del document
    if found is None:
        raise MalformedBody("expected a JSON object with 'inputs'")
    return found


def _members(document: simdjson.Object) -> dict[str, Any]:
    # By key: what iterates over values as well makes Python numbers of all of them.
    found = {key: document[key] for key in document.keys()}  # noqa: SIM118 - it is no dict
    inputs = found.pop("inputs", None)
    plain = {key: _plain(value) for key, value in found.items()}
    plain["inputs"] = [_tensor(one) for one in inputs] if isinstance(inputs, simdjson.Array) else None
    return plain


def _tensor(given: Any) -> Any:
    if not isinstance(given, simdjson.Object):
        return _plain(given)
    datatype = given.get("datatype")
    found = {key: given[key] for key in given.keys()}  # noqa: SIM118
    return {key: _data(value, datatype) if key == "data" else _plain(value) for key, value in found.items()}


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


def _plain(value: Any) -> Any:
    if isinstance(value, simdjson.Object):
        return value.as_dict()
    return value.as_list() if isinstance(value, simdjson.Array) else value
