"""Fields by their dotted names, such as ``optimizer.learning_rate``: which of them concern the same values.

Who changes a whole table and a field of it at once leaves open which of both holds, so no two changes that
are made together may overlap. Changes that follow each other may: the later has the last word.
"""

from collections.abc import Iterable
from itertools import combinations


def overlap(one: str, other: str) -> bool:
    """Say whether two fields are the same, or one is a part of the other."""
    return all(a == b for a, b in zip(_parts(one), _parts(other), strict=False))


def overlapping(fields: Iterable[str]) -> tuple[str, str] | None:
    """Return the first two fields that overlap, the whole before its part; None where each stands alone."""
    for one, other in combinations(fields, 2):
        if overlap(one, other):
            return (one, other) if len(_parts(one)) <= len(_parts(other)) else (other, one)
    return None


def refuse_overlap(fields: Iterable[str]) -> None:
    """Do nothing where each field stands alone.

    Raises:
        ValueError: two of them overlap; the message names both.
    """
    found = overlapping(fields)
    if found is not None:
        whole, part = found
        raise ValueError(
            f"{part!r} is a part of {whole!r}, or the same, so one would undo the other; "
            f"leave one of them out, or say all within {whole!r}"
        )


def _parts(field: str) -> list[str]:
    # Places in a list are numbers: layers.01 is layers.1.
    return [str(int(part)) if part.isdecimal() else part for part in field.split(".")]
