"""``modiste prepare FILE --to DIR``: describe a model file, convert it, compare the two."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste.commands.ending import fail, stoppable

if TYPE_CHECKING:
    from rich.table import Table

    from modiste.artifact import Summary


def prepare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .keras or .h5 file.", show_default=False)],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="Where summary.json and model.onnx go.", show_default="FILE's folder"
        ),
    ] = None,
) -> None:
    """Prepare a model file for serving.

    Describes the model, converts it to ONNX and compares the two on probe rows, in a process of its
    own. Writes summary.json, and model.onnx where the two agree; never over a summary that is
    there, because a published version does not change. Ends with status 1 where the file is refused.

    Where DIR is a version that was published unprepared, its metadata.json states the sums of the new
    files from then on.
    """
    from rich.console import Console

    from modiste.artifact import METADATA, SUMMARY, ArtifactError, state_prepared
    from modiste.commands.model_limits import model_limits
    from modiste.prepare import PrepareError
    from modiste.prepare import prepare as run

    limits = model_limits()
    destination = file.parent if to is None else to
    console = Console(highlight=False)
    if (destination / SUMMARY).exists():
        if to is None:
            fail(
                f"The folder of {file} is prepared already: it holds a {SUMMARY}. Name another with --to.",
                code=2,
            )
        raise typer.BadParameter(f"{to} holds a {SUMMARY} already; name another folder", param_hint="--to")
    try:
        with (
            stoppable("No half-made summary is left behind."),
            console.status("Loading, converting and comparing"),
        ):
            summary = run(file, destination, limits=limits)
            state_prepared(destination)
    except PrepareError as error:
        console.print(f"[bold red]{error.reason}:[/]", end=" ")
        console.print(error.detail, markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except (ArtifactError, OSError) as error:
        fail(f"Prepared, but {destination / METADATA} could not be told of the new files: {error}")
    console.print(_made(summary))


def _made(summary: "Summary") -> "Table":
    """Lay out what came out: names come from the file, so none of them is taken for markup."""
    from rich.table import Table
    from rich.text import Text

    parity = summary.parity
    compared = (
        f"{parity.max_abs_difference:.2g} at most on {parity.rows} rows ({parity.tolerance:.2g} allowed)"
        if parity
        else "not compared"
    )
    rows = {
        "model": summary.name,
        "engine": summary.engine + (f": {summary.engine_reason}" if summary.engine_reason else ""),
        "inputs": ", ".join(f"{spec.name} {list(spec.shape)} {spec.dtype}" for spec in summary.inputs),
        "outputs": ", ".join(f"{spec.name} {list(spec.shape)} {spec.dtype}" for spec in summary.outputs),
        "head": summary.head,
        "parameters": f"{summary.totals.parameters:,}",
        "difference": compared,
        "notes": "; ".join(summary.notes) or "none",
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table
