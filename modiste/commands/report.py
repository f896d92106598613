"""``modiste report DIR``: complete the report of a version that was published before reports held images."""

from pathlib import Path
from typing import Annotated

import typer

from modiste.commands.ending import fail, stoppable


def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A version, such as artifacts/fashion_mnist/1.", show_default=False
        ),
    ],
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look for the data in this folder first; then in the usual places."),
    ] = None,
) -> None:
    """Add the test images behind a report's figures to a published version.

    The server's page shows them behind the cells of the confusion matrix. The version's own graph says which
    they are; nothing that the version answers changes. Needs the data that the version was tested on.
    """
    from modiste.artifact import ArtifactError
    from modiste.datasets import DatasetError
    from modiste.report_images import IMAGES
    from training.completing import add_images
    from training.errors import TrainingError

    try:
        with stoppable("The version is as it was."):
            added = add_images(folder, data_dir)
    except (ArtifactError, DatasetError, TrainingError) as error:
        fail(str(error))
    size = (folder / "report" / IMAGES).stat().st_size
    typer.echo(f"{len(added.index)} images, {size / 1024:.0f} KiB: {folder / 'report' / IMAGES}")
