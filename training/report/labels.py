"""Class names as pictures can show them: of a bearable length, in letters that some font has.

matplotlib's own font knows no Hangul and no Chinese. An installed font that does is used beside it; where
there is none, classes are called by their number, which the model card explains, rather than by rows of
empty boxes.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Families that are made for reading many scripts come first; any other that has all letters will do.
_PREFERRED = ("Noto Sans CJK KR", "Noto Sans CJK JP", "NanumGothic", "NanumBarunGothic", "Malgun Gothic")
_BOXES = "Last Resort"  # it has a box for every character there is


@dataclass(frozen=True, slots=True)
class Labels:
    """Class names for pictures, in the order of the classes, and the fonts that they need.

    `numbered` says that no font has their letters, so that they are numbers.
    """

    names: tuple[str, ...]
    fonts: tuple[str, ...] = ()
    numbered: bool = False

    def short(self, columns: int) -> tuple[str, ...]:
        """Return the names cut to so many columns each; those that a cut makes equal get their number."""
        cut = [shorten(name, columns) for name in self.names]
        return tuple(
            shorten(f"{number}: {self.names[number]}", columns) if cut.count(name) > 1 else name
            for number, name in enumerate(cut)
        )


def labels_of(class_names: Sequence[str], fonts: Iterable[font_manager.FontEntry] | None = None) -> Labels:
    """Return what pictures call the classes.

    Args:
        class_names: as the data set has them, in any script.
        fonts: where to look for missing letters; the fonts of this machine if None.
    """
    names = tuple(_plain(name) or f"class {number}" for number, name in enumerate(class_names))
    missing = set(map(ord, "".join(names))) - _letters(Path(font_manager.findfont("DejaVu Sans")))
    if not missing:
        return Labels(names)
    entries = font_manager.fontManager.ttflist if fonts is None else fonts
    for entry in sorted(filter(_readable, entries), key=_rank):
        if missing <= _letters(Path(entry.fname)):
            return Labels(names, (entry.name,))
    return Labels(tuple(f"class {number}" for number in range(len(names))), numbered=True)


def shorten(text: str, columns: int) -> str:
    """Cut a text in its middle: what tells long names apart often stands at their end."""
    if _width(text) <= columns:
        return text
    tail = _start(text[::-1], (columns - 1) // 3)[::-1]
    head = _start(text, columns - 1 - _width(tail))
    return f"{head.rstrip()}…{tail.lstrip()}"


def _start(text: str, columns: int) -> str:
    """Return as much of a text as fits."""
    while _width(text) > columns:
        text = text[:-1]
    return text


def _plain(name: str) -> str:
    """Compose letters, which a file name may hold in parts, and let nothing break the line."""
    composed = unicodedata.normalize("NFC", name)
    visible = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in composed)
    return " ".join(visible.split())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _readable(entry: font_manager.FontEntry) -> bool:
    return entry.style == "normal" and entry.weight in (400, "normal") and _BOXES not in entry.name


def _rank(entry: font_manager.FontEntry) -> tuple[int, str, str]:
    known = _PREFERRED.index(entry.name) if entry.name in _PREFERRED else len(_PREFERRED)
    return known, entry.name, str(entry.fname)


def _letters(path: Path) -> set[int]:
    """Return the characters that a font can draw; none for a font of pictures, or one that is gone."""
    try:
        font = FT2Font(str(path))
    except (OSError, RuntimeError):
        return set()
    return set(font.get_charmap()) if font.scalable else set()
