"""The few forms of Markdown that a model card is written in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MARKUP = re.compile(r"[\\`*{}\[\]<>#|~$]|(?<![^\W_])_|_(?![^\W_])")  # _ within a word is a letter
_ALIGNED = {"l": "---", "r": "---:"}


def escaped(text: str) -> str:
    """Return a text that is shown as it stands: no letter of it is markup, no end of line is left in it."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], aligned: str) -> str:
    """Return a table; `aligned` has a letter for each column, l or r. Cells are Markdown themselves."""
    rule = [_ALIGNED[letter] for letter in aligned]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def fact_table(facts: Mapping[str, Any]) -> str:
    """Return a table of names and what is known."""
    return table(["", ""], [[name, str(value)] for name, value in facts.items()], "ll")


def picture(title: str, file: str) -> str:
    """Return an embedded picture that lies beside the document."""
    return f"![{title}]({file})"


def block(text: str, language: str = "") -> str:
    """Return a block of code, fenced by more backticks than stand in a row in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
