"""The command ``modiste``: it names the commands and parses nothing else."""

from typing import Annotated

import typer

from modiste import __version__
from modiste.commands.course import course
from modiste.commands.data import data
from modiste.commands.inspect import inspect
from modiste.commands.key import key
from modiste.commands.label import label
from modiste.commands.prepare import prepare
from modiste.commands.serve import serve
from modiste.commands.sweep import sweep
from modiste.commands.train import train
from modiste.commands.versions import versions

app = typer.Typer(
    help="Train Keras classifiers and serve them: predictions, evaluations and summaries over HTTP.",
    no_args_is_help=True,
    # The mode that joins the lines of a docstring's paragraph; the usual one keeps them as hard breaks.
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"modiste {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


app.command()(serve)
app.command()(train)
app.command()(sweep)
app.command()(course)
app.command()(data)
app.command()(inspect)
app.command()(prepare)
app.command()(label)
app.command()(versions)
app.add_typer(key, name="key")

if __name__ == "__main__":
    app(prog_name="modiste")
