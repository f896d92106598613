"""A recipe written as TOML, so that it can be copied out of a model card and trained again."""

import json
from collections.abc import Mapping
from typing import Any


def written(table: Mapping[str, Any]) -> str:
    """Write a document of plain values (no None): single values first, then tables by name."""
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = (*path, key)
            lines += [*([""] if lines else []), f"[{'.'.join(inner)}]", *_lines(value, inner)]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = "".join(f"  {_value(item)},\n" for item in value)
        return f"[\n{items}]"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_inline(item)}" for key, item in value.items())
        return f"{{ {inside} }}"
    # What JSON calls a string, a number or a truth value, TOML calls the same, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(value: Any) -> str:
    """Write a value within an inline table, which must stay on its line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _value(value)
