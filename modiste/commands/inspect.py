"""``modiste inspect FILE``: whether a model file may be loaded, without loading it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from modiste.reading import ModelFile


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .keras or .h5 file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one line of JSON.")] = False,
) -> None:
    """Check a model file without loading it.

    Reads the file as the server does, needs no TensorFlow and runs nothing of the file's. Ends with
    status 0 where the file may be loaded, else 1. The reasons are listed in docs/model-files.md.
    """
    import json

    from rich.console import Console

    from modiste.reading import inspect as examine

    verdict = examine(file)
    if as_json:
        print(json.dumps({"ok": verdict.ok, "reason": verdict.reason, "detail": verdict.detail}))
    else:
        console = Console(highlight=False)
        colour = "green" if verdict.ok else "red"
        console.print(f"[bold {colour}]{verdict.reason}[/]", end=" ")
        console.print(verdict.detail, markup=False, soft_wrap=True)
        if verdict.file is not None:
            console.print(_found(verdict.file))
    raise typer.Exit(0 if verdict.ok else 1)


def _found(file: "ModelFile") -> "Table":
    """Lay out what was read: names come from the file, so none of them is taken for markup."""
    from collections import Counter

    from rich.table import Table
    from rich.text import Text

    kinds = Counter(file.layer_types)
    loss = file.compiled.loss
    rows = {
        "model": file.name,
        "format": f"{file.format}, written by Keras {file.keras_version or '(unknown)'}",
        "size": f"{file.size:,} bytes",
        "sha256": file.sha256,
        "layers": ", ".join(f"{kind} x{count}" if count > 1 else kind for kind, count in kinds.items()),
        "weights": f"{file.weights.values:,} in {file.weights.arrays} arrays",
        "loss": loss.name if loss else "none",
        "optimizer": file.compiled.optimizer or "none",
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table
