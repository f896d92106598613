"""The ``parameters`` of requests, inputs and outputs: an object of texts, numbers and booleans."""

from typing import Any

from service.batching.entry import NORMAL
from service.errors import InvalidInput

_MICROSECONDS = 1_000_000

Parameters = dict[str, Any]


def parameters_of(given: dict[str, Any], where: str) -> Parameters:
    """Return the parameters of an object; shared memory is refused wherever it is asked for.

    Raises:
        InvalidInput: they are no object, or ask for shared memory; the message begins with `where`.
    """
    found = given.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidInput(f"{where}: expected 'parameters', an object")
    if any(key.startswith("shared_memory") for key in found):
        raise InvalidInput(f"{where}: shared memory is not served here; send and take the data")
    return found


def flag(parameters: Parameters, name: str, where: str, default: bool = False) -> bool:
    """Return a parameter that is true or false.

    Raises:
        InvalidInput: it is something else.
    """
    found = parameters.get(name, default)
    if not isinstance(found, bool):
        raise InvalidInput(f"{where}: {name} is true or false")
    return found


def timeout_s(parameters: Parameters) -> float | None:
    """Return the seconds of ``timeout``, which is given in microseconds; None where there is none, or 0.

    Raises:
        InvalidInput: it is no number of microseconds.
    """
    given = parameters.get("timeout", 0)
    if type(given) is not int or given < 0:
        raise InvalidInput("timeout is a number of microseconds")
    return given / _MICROSECONDS if given else None


def priority(parameters: Parameters) -> int:
    """Return ``priority`` as `service.batching.pending.PendingQueue` knows it; 0 stands for the usual one.

    Raises:
        InvalidInput: it is no such number.
    """
    given = parameters.get("priority", 0)
    if type(given) is not int or given < 0:
        raise InvalidInput("priority is a whole number: 1 goes first, 0 stands for the usual one")
    return given or NORMAL
