"""Mutations of model files: bytes, zip members, JSON and HDF5 structures, all from one seed.

What is damaged below a checksum is packed anew, so that the damage reaches the reader behind it.
"""

import io
import json
import random
import re
import warnings
import zipfile
from copy import deepcopy
from typing import Any

_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
_EDGE = 2048  # of a file, where zip and HDF5 keep what leads to the rest
_STRUCTURES = re.compile(rb"TREE|SNOD|HEAP|GCOL|OHDR|\x89HDF|\x01\x00.\x00\x01\x00\x00\x00")
_STRUCTURE_BYTES = 256
_DEEP = "nested deeper than Python's own writer goes"
_NAMES = (
    "Lambda",
    "TFSMLayer",
    "function",
    "__lambda__",
    "__numpy__",
    "Dense",
    "Bidirectional",
    "Functional",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    10**19,
    1e308,
    -0.0,
    "",
    "x" * 20_000,
    [],
    {},
    [[]] * 50,
)


def mutated(seed_file: bytes, name: str, number: random.Random) -> bytes:
    """Return a model file with some of it changed; `name` tells its kind by its end."""
    if name.endswith(".h5") or number.random() < 0.2:
        return _damaged(seed_file, number)
    return _repacked(seed_file, number)


def _repacked(archive: bytes, number: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        members = [(name, found.read(name)) for name in found.namelist()]
    changed = number.randrange(len(members))
    name, data = members[changed]
    spoil = _restructured if name.endswith(".json") and number.random() < 0.7 else _damaged
    members[changed] = (name, spoil(data, number))
    if number.random() < 0.05:
        members.append(number.choice(members))
    if number.random() < 0.05:
        del members[number.randrange(len(members))]
    target = io.BytesIO()
    packing = number.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(target, "w", packing) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, data in members:
            made.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()


def _damaged(data: bytes, number: random.Random) -> bytes:
    """Overwrite, cut out, double and cut off bytes."""
    changed = bytearray(data)
    for _ in range(number.choice((1, 1, 1, 2, 4, 16))):
        at = _place(changed, number)
        match number.randrange(8):
            case 0 | 1 | 2:
                width = number.choice((1, 2, 4, 8))
                value = number.choice(_INTERESTING) % 256**width
                changed[at : at + width] = value.to_bytes(width, number.choice(("little", "big")))
            case 3 | 4:
                changed[at : at + 1] = bytes([number.randrange(256)])
            case 5:
                changed[at : at + 1] = bytes(
                    [(changed[at] if at < len(changed) else 0) ^ 1 << number.randrange(8)]
                )
            case 6:
                del changed[at : at + number.choice((1, 8, 64))]
            case 7:
                changed[at:at] = changed[at : at + number.choice((1, 8, 64))]
    if number.random() < 0.05:
        del changed[number.randrange(len(changed) + 1) :]
    return bytes(changed)


def _place(data: bytearray, number: random.Random) -> int:
    """Choose where: at the edges and in structures more often than among the values."""
    match number.randrange(4):
        case 0:
            return number.randrange(len(data) + 1)
        case 1:
            return number.randrange(min(_EDGE, len(data) + 1))
        case 2:
            return len(data) - number.randrange(min(_EDGE, len(data) + 1))
    found = [match.start() for match in _STRUCTURES.finditer(data)]
    start = number.choice(found) if found else 0
    return min(len(data), start + number.randrange(_STRUCTURE_BYTES))


def _restructured(data: bytes, number: random.Random) -> bytes:
    """Change a JSON document and keep it one, nearly always."""
    document = json.loads(data)
    for _ in range(number.choice((1, 1, 2, 5))):
        holder, key = number.choice(list(_places(document)) or [({}, "x")])
        match number.randrange(6):
            case 0 | 1:
                holder[key] = deepcopy(number.choice(_VALUES))  # or the next change would be of them all
            case 2:
                holder[key] = number.choice((_nested(3), _nested(90), _DEEP))
            case 3:
                holder[key] = {
                    "class_name": number.choice(_NAMES),
                    "config": holder[key],
                    "module": "keras.layers",
                }
            case 4:
                holder[key] = [deepcopy(holder[key]) for _ in range(number.choice((2, 100)))]
            case 5 if isinstance(holder, dict):
                holder[number.choice(("dtype", "name", "activation", "layers", "class_name"))] = holder.pop(
                    key
                )
    text = json.dumps(document)
    if number.random() < 0.05:
        text = text.replace('"config"', '"name": 1, "name": 2, "config"', 1)
    return text.replace(f'"{_DEEP}"', "[" * 3000 + "]" * 3000).encode()


def _places(value: Any) -> Any:
    """Yield every place of a document that holds a value: its holder, and its key or index there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value
