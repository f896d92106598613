"""``modiste data``: look at a data set before training on it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modiste.commands.ending import fail

if TYPE_CHECKING:
    from rich.table import Table

    from modiste.datasets import Dataset, Fetch

_SHOWN = 10


def data(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="fashion_mnist, mnist, cifar10, or the path of an .npz or of a folder of pictures by class.",
        ),
    ],
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Look in this folder first; then in Keras's cache and the system's package."),
    ] = None,
    download: Annotated[
        bool,
        typer.Option("--download", help="Where no folder holds it, download it (needs the extra 'train')."),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the first ten training images into this file, instead of NAME-first-ten.png here.",
        ),
    ] = None,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Draw nothing.")] = False,
    image_size: Annotated[
        str | None, typer.Option(metavar="HxW", help="Bring the images to this size, for example 28x28.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(min=1, max=3, help="1 to have them grey, 3 to have them in colour.")
    ] = None,
    test_share: Annotated[
        float, typer.Option(help="How much of each class to hold out, for a path without a test part.")
    ] = 0.2,
    split_seed: Annotated[int, typer.Option(min=0, help="Decides which rows these are.")] = 42,
) -> None:
    """Show a data set: shapes, bytes, examples of each class, first labels, where it lies and its sums.

    Its first ten training images are drawn in a row, into a picture that is named at the end.
    """
    from modiste.datasets import DatasetError, load

    if picture is not None and no_picture:
        fail("--picture and --no-picture contradict each other; leave one of them out.", code=2)
    try:
        dataset = load(
            reference,
            data_dir,
            _fetch() if download else None,
            test_share=test_share,
            split_seed=split_seed,
            image_size=_size(image_size),
            channels=channels,
        )
    except DatasetError as error:
        fail(str(error))
    _show(dataset)
    if not no_picture:
        _picture(dataset, picture)


def _fetch() -> "Fetch":
    from importlib.util import find_spec

    if find_spec("keras") is None:
        fail("Downloading needs the extra 'train': make train, or pip install -e '.[train]'.")
    from training.download import download_with_keras

    return download_with_keras


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        fail(f"--image-size is {text!r}; expected height x width, for example 28x28.")
    return int(match[1]), int(match[2])


def _show(dataset: "Dataset") -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(f"{dataset.name}, found in {dataset.origin.place}: {dataset.origin.folder}")
    for miss in dataset.origin.passed_over:
        console.print(f"  looked first in {miss}")
    for left in dataset.unread:
        console.print(f"  not read: {left}")
    console.print(_arrays(dataset), _classes(dataset), sep="")
    for file in dataset.files:
        console.print(f"{file.path.name} ({file.form})")
    console.print("\nSHA-256 of each array as a plain IDX file, the same in whatever format it came:")
    for part, found in dataset.sha256.items():
        console.print(f"  {part:8} {found}")
    labels = " ".join(str(label) for label in dataset.train.y[:_SHOWN])
    console.print(f"\nFirst labels of train: {labels}")


def _picture(dataset: "Dataset", asked: Path | None) -> None:
    """Draw, and say where to or why not: without a picture that nobody asked for nothing has failed."""
    path = asked or Path(f"{dataset.name}-first-ten.png")
    try:
        if asked is None and _within(dataset):
            raise OSError("the working directory is in the data, where a picture would become a part of them")
        inverted = _draw(dataset, path)
    except (ImportError, OSError, ValueError) as error:
        if asked is not None:
            fail(f"The picture cannot be written: {error}")
        typer.echo(f"Not drawn: {error}. --picture FILE draws into a file elsewhere.")
    else:
        how = " (inverted, as ink on paper: in the data the ground is dark)" if inverted else ""
        typer.echo(f"Drawn: {path}{how}")


def _within(dataset: "Dataset") -> bool:
    """Say whether the command runs within a folder of pictures, whose class folders hold nothing else."""
    return not dataset.files and Path.cwd().is_relative_to(dataset.origin.folder)


def _draw(dataset: "Dataset", path: Path) -> bool:
    from modiste.datasets.picture import draw_row

    names = ((label, dataset.class_names[label]) for label in dataset.train.y[:_SHOWN])
    captions = [name if name.isascii() else f"class {label}" for label, name in names]
    return draw_row(dataset.train.x[:_SHOWN], captions, path)


def _arrays(dataset: "Dataset") -> "Table":
    table = _table("array", "shape", "dtype", "bytes", "range")
    for split in dataset.splits:
        for name, array in (("x", split.x), ("y", split.y)):
            values = f"{array.min()}-{array.max()}"
            table.add_row(
                f"{name}_{split.name}", str(array.shape), str(array.dtype), f"{array.nbytes:,}", values
            )
    return table


def _classes(dataset: "Dataset") -> "Table":
    import numpy as np
    from rich.text import Text

    table = _table("class", "name", "in train", "in test")
    count = len(dataset.class_names)
    counts = (np.bincount(split.y, minlength=count) for split in dataset.splits)
    for number, (name, *numbers) in enumerate(zip(dataset.class_names, *counts, strict=True)):
        table.add_row(str(number), Text(name, overflow="fold"), *(f"{n:,}" for n in numbers))
    return table


def _table(*columns: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, no_wrap=column != "name", overflow="fold")
    return table
