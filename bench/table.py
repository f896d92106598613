"""A run's document as tables of text, for the terminal and for the documentation."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

HEADER = (
    "",
    "conn.",
    "server",
    "req/s",
    "ceiling",
    "of ceiling",
    "of limit",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "p99 ratio",
    "errors",
    "MiB",
    "CPU s/1,000",
    "start s",
)
GOALS_HEADER = ("goal", "target", "measured", "")
_NONE = "–"
_WIDTH = 150


def cells(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the rows, by workload and connections, the servers in the order in which they were measured."""
    for row in sorted(document["rows"], key=lambda row: (row["workload"], row["connections"])):
        yield (
            row["workload"],
            str(row["connections"]),
            row["title"],
            f"{row['requests_per_second']:,.0f}",
            f"{row['ceiling_per_second']:,.0f}",
            f"{row['share']:.3f}",
            _NONE if row["share_of_limit"] is None else f"{row['share_of_limit']:.2f}",
            *_latencies(row),
            str(row["errors"]),
            f"{row['pss_mib']:.0f}",
            _seconds(row["cpu_s_per_1000"]),
            f"{row['cold_start_s']:.1f}",
        )
    for mix in document["mixes"]:
        yield (
            "E",
            f"{mix['connections']} + {mix['bulk_connections']}",
            mix["title"],
            f"{mix['mixed_per_second']:,.0f}",
            *(_NONE,) * 3,
            _ms(mix["mixed_p50_ms"]),
            _ms(mix["mixed_p99_ms"]),
            _ms(mix["mixed_p999_ms"]),
            f"{mix['p99_over_alone']:.1f}x",
            str(mix["errors"]),
            *(_NONE,) * 3,
        )


def legend(document: dict[str, Any]) -> Iterator[str]:
    """Say in sentences what the rows are and where they were measured."""
    yield (
        "ceiling: requests/s, in turn, of an application that answers fixed bytes on the same uvicorn; "
        "of ceiling: as a share of it; "
        "of limit: as a share of what bare HTTP, parsing, computing and encoding allow; p99 ratio: against "
        "the ceiling's p99, for E against A alone; MiB: of all the server's processes; CPU s/1,000: for "
        "1,000 predictions; start s: to the first right answer."
    )
    yield "; ".join(f"{letter}: {title}" for letter, title in document["workloads"].items()) + "."
    for mix in document["mixes"]:
        yield (
            f"E: A on {mix['connections']} and D on {mix['bulk_connections']} connections at once; "
            f"beside it {mix['bulk_images_per_second']:,.0f} bulk images/s, "
            f"and A alone has a p99 of {_ms(mix['alone_p99_ms'])} ms."
        )
    pace = document["pace"]
    yield f"{pace['repeats']} x {pace['seconds']:g} s a row, {document['took_s'] / 60:.0f} minutes in all."
    yield from provenance(document)
    for title, notes in document["notes"].items():
        yield f"{title}: {notes}."
    for what, reason in document["skipped"].items():
        yield f"Left out: {what} ({reason})."


def provenance(document: dict[str, Any]) -> Iterator[str]:
    """Say where, when and with what a document's figures were measured."""
    machine = document["machine"]
    yield (
        f"Measured on {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, "
        f"{document['at']}, commit {document['commit']}."
    )
    yield ", ".join(f"{name} {version}" for name, version in document["versions"].items()) + "."


def show(document: dict[str, Any]) -> None:
    """Print the table and the goals."""
    console = Console(width=_WIDTH, highlight=False)
    table = Table(title="Predictions")
    for number, name in enumerate(HEADER):
        # Only a server's name may wrap.
        table.add_column(name, justify="left" if number in (0, 2) else "right", no_wrap=number != 2)
    for row in cells(document):
        table.add_row(*row)
    console.print(table)
    for sentence in legend(document):
        console.print(sentence, markup=False)
    reached = Table(title="Goals")
    for name in GOALS_HEADER:
        reached.add_column(name)
    for goal in document["goals"]:
        reached.add_row(*goal["text"], style=None if goal["met"] else "red")
    console.print(reached)


def _latencies(row: dict[str, Any]) -> tuple[str, ...]:
    if not row["requests_per_second"]:
        return (_NONE,) * 4
    percentiles = (row["p50_ms"], row["p99_ms"], row["p999_ms"])
    return (*map(_ms, percentiles), f"{row['p99_over_ceiling']:.1f}x")


def _seconds(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"
