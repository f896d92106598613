"""Figures into a document: ``python -m bench.report docs/performance.md bench/results/*.json``.

Each result says what it is of (``kind``), and takes the place between the two marks of that kind:
``<!-- bench -->`` and ``<!-- /bench -->``. So no figure in the documentation is written by hand.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import dialects, overload, table

Document = dict[str, Any]


def main(
    document: Annotated[Path, typer.Argument(help="The document to write into.")],
    results: Annotated[list[Path], typer.Argument(help="Results, as the benchmark wrote them.")],
) -> None:
    """Write the figures of results into a document."""
    text = document.read_text()
    for result in results:
        found = json.loads(result.read_text())
        text = replaced(text, found["kind"], KINDS[found["kind"]](found))
    document.write_text(text)


def replaced(text: str, kind: str, figures: str) -> str:
    """Return the text with what is between the two marks of a kind replaced.

    Raises:
        ValueError: the text does not have the two marks once each.
    """
    begin, end = f"<!-- {kind} -->", f"<!-- /{kind} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected {begin} and {end} once each")
    return re.sub(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n\n{figures}\n\n{end}", text, flags=re.S
    )


def _bench(found: Document) -> str:
    goals = (goal["text"] for goal in found["goals"])
    reached = _markdown(table.GOALS_HEADER, goals)
    return "\n\n".join([_markdown(table.HEADER, table.cells(found)), _listed(table.legend(found)), reached])


def _figures(found: Document) -> str:
    return f"{figures_table(found)}\n\n{_listed(table.provenance(found))}"


def figures_table(found: Document) -> str:
    """Return the figures of a document that has no more than a value for each name."""
    return _markdown(("", "figure"), ((name, _number(value)) for name, value in found["figures"].items()))


def _overload(found: Document) -> str:
    parts = [_markdown(overload.HEADER, overload.rows(found)), _listed(overload.sentences(found))]
    return "\n\n".join([*parts, _listed(table.provenance(found))])


def _growth(found: Document) -> str:
    parts = ["<details><summary>The figures of the pictures</summary>"]
    for name, points in found["curves"].items():
        header = [key.replace("_", " ").replace(" mib", ", MiB") for key in points[0]]
        rows = ([_number(value) for value in point.values()] for point in points)
        parts += [f"By {name}:", _markdown(header, rows)]
    return "\n\n".join([*parts, _listed(table.provenance(found)), "</details>"])


def _parse(found: Document) -> str:
    header = ("way", "µs an image, 1 in a body", "µs an image, 64 in a body")
    ways = found["microseconds_an_image"].items()
    figures = _markdown(
        header, ([name, *(f"{value:.1f}" for value in times.values())] for name, times in ways)
    )
    return f"{figures}\n\n{_listed(table.provenance(found))}"


def _dialects(found: Document) -> str:
    rows = _markdown(dialects.HEADER, map(dialects.cells, found["rows"]))
    return f"{rows}\n\n{_listed(table.provenance(found))}"


def _listed(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(header)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


KINDS: dict[str, Callable[[Document], str]] = {
    "bench": _bench,
    "chaos": _figures,
    "dialects": _dialects,
    "fuzz": _figures,
    "growth": _growth,
    "overload": _overload,
    "parse": _parse,
    "rolling": _figures,
    "soak": _figures,
    "swaps": _figures,
}

if __name__ == "__main__":
    typer.run(main)
