"""The third step: JSON that is no larger, deeper or stranger than a Keras configuration.

Python's parser takes the last of two equal keys, turns ``1e999`` into infinity and recurses once per
level; a second reader may see another document. Each of these is a refusal here.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from modiste.reading.errors import Reason, Refused, shown

_LONGEST_INTEGER = 20  # digits: more than 64 bits hold
_LONGEST_FLOAT = 100  # characters: Python writes 24 at most

# A string (also one that never ends) or a bracket. The quantifiers are possessive: a hostile text
# must not make the expression try again.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


def parse(data: bytes, what: str, *, max_bytes: int, max_depth: int) -> Any:
    """Parse a JSON document; `what` names it in the refusal.

    Raises:
        Refused: it is no JSON in UTF-8, or passes a limit, or has a key twice.
    """
    if len(data) > max_bytes:
        raise Refused(Reason.JSON_TOO_LARGE, f"{what} has {len(data)} bytes; the limit is {max_bytes}")
    try:
        text = data.decode("utf-8")
        _check_depth(text, what, max_depth)
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
        # A lone surrogate (backslash-u D800) parses, and then fails wherever the name is written.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise Refused(Reason.JSON_INVALID, f"{what} is not text in UTF-8") from error
    except ValueError as error:
        raise Refused(Reason.JSON_INVALID, f"{what} is not valid JSON") from error
    return value


def _check_depth(text: str, what: str, limit: int) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > limit:
                raise Refused(Reason.JSON_TOO_DEEP, f"{what} is nested more than {limit} levels deep")
        elif first in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = _first_repeated(key for key, _ in pairs)
        raise Refused(Reason.JSON_DUPLICATE_KEY, f"the key {shown(twice)} stands twice in one object")
    return found


def _first_repeated(keys: Iterable[str]) -> str:
    """Return the first key that stands twice, in time in proportion to their number."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    raise ValueError("no key stands twice")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise Refused(
            Reason.JSON_NUMBER, f"an integer of {len(digits)} digits; expected at most {_LONGEST_INTEGER}"
        )
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > _LONGEST_FLOAT:
        raise Refused(
            Reason.JSON_NUMBER, f"a number of {len(digits)} characters; expected at most {_LONGEST_FLOAT}"
        )
    value = float(digits)
    if not math.isfinite(value):
        raise Refused(Reason.JSON_NUMBER, "a number too large for a float")
    return value


def _constant(name: str) -> float:
    raise Refused(Reason.JSON_NUMBER, f"{name} is not a JSON number")
