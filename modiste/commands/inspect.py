"""``modiste inspect FILE``: whether a model file may be loaded, without loading it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from modiste.reading import Findings


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .keras or .h5 file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one line of JSON.")] = False,
) -> None:
    """Check a model file without loading it.

    Reads the file as the server does, needs no TensorFlow and runs nothing of the file's. Ends with
    status 0 where the file may be loaded, else 1. The reasons are listed in docs/model-files.md.
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from modiste.commands.model_limits import model_limits
    from modiste.prepare import PrepareError, examine

    limits = model_limits()
    found = None
    try:
        verdict = examine(file, limits=limits)
        ok, reason, detail, found = verdict.ok, str(verdict.reason), verdict.detail, verdict.found
    except PrepareError as error:
        ok, reason, detail = False, error.reason, error.detail
    if as_json:
        findings = None if found is None else asdict(found)
        typer.echo(json.dumps({"ok": ok, "reason": reason, "detail": detail, "found": findings}))
    else:
        console = Console(highlight=False)
        console.print(f"[bold {'green' if ok else 'red'}]{reason}:[/]", end=" ")
        console.print(detail, markup=False, soft_wrap=True)
        if found is not None:
            console.print(_table(found))
    raise typer.Exit(0 if ok else 1)


def _table(found: "Findings") -> "Table":
    """Lay out what was read: names come from the file, so none of them is taken for markup."""
    from collections import Counter

    from rich.table import Table
    from rich.text import Text

    kinds = Counter(found.layer_types)
    rows = {
        "model": found.name,
        "format": f"{found.format}, written by Keras {found.keras_version or '(unknown)'}",
        "size": f"{found.size:,} bytes",
        "sha256": found.sha256,
        "layers": ", ".join(f"{kind} x{count}" if count > 1 else kind for kind, count in kinds.items()),
        "weights": f"{found.values:,} in {found.arrays} arrays",
        "loss": found.loss or "none",
        "optimizer": found.optimizer or "none",
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table
