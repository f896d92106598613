"""A grid of test images with a caption over each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.report.style import new_figure

_DPI = 100  # below that of the other pictures: photographs in colour are most of a report's bytes
_DARK = 32  # a median edge below it is a dark ground
_WRONG = "#A83C00"  # vermilion, dark enough to read
_LINE = 0.15  # of a caption, in inches
_AIR = 0.08


@dataclass(frozen=True, slots=True)
class Caption:
    """One or two lines over an image; `marked` ones stand out from the others."""

    lines: tuple[str, ...]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """How a grid is divided: images in a line, and how wide and at most how high each may be, in inches."""

    columns: int
    side: float


def light_on_dark(images: NDArray[np.uint8]) -> bool:
    """Say whether grey images show something light on a dark ground, as scans of ink are stored.

    Args:
        images: uint8 [rows, height, width], or with a last axis of three colours, which never are.
    """
    if images.ndim != 3 or not len(images):
        return False
    edges = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    return bool(np.median(np.concatenate(edges, axis=1)) < _DARK)


def image_grid(
    images: NDArray[np.uint8],
    rows: Sequence[int],
    captions: Sequence[Caption],
    finding: str,
    cells: Cells,
    explained: str,
) -> Figure:
    """Draw the images of these rows; light on dark is drawn dark on light, as ink on paper.

    All of them share one pair of axes, measured in inches: a pair for each would take seconds.

    Args:
        images: uint8 [rows, height, width] or [rows, height, width, 3].
        rows: which, in order.
        captions: one for each of the rows.
        finding: the headline.
        cells: how the grid is divided.
        explained: what the captions say, as a line under the grid.
    """
    tall = cells.side * min(1.0, images.shape[1] / images.shape[2])
    step = tall + 2 * _LINE + 2 * _AIR
    width, height = cells.columns * cells.side, -(-len(rows) // cells.columns) * step
    figure = new_figure(width + 0.2, height + 0.6, finding, _DPI)
    axes = figure.subplots()
    axes.set_axis_off()
    inverted = light_on_dark(images)
    cmap = "gray_r" if inverted else "gray"
    for number, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        line, column = divmod(number, cells.columns)
        left, top = column * cells.side, line * step
        centre, base = left + cells.side / 2, top + 2 * _LINE + _AIR
        _write(axes, caption, centre, base)
        _place(axes, images[row], (centre, base + _AIR), (cells.side - _AIR, tall - _AIR), cmap)
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    if inverted:
        explained += "\nDrawn inverted, as ink on paper: in the data the ground is dark."
    figure.supxlabel(explained, fontsize=8.5, color="0.35", x=0.01, ha="left")
    return figure


def _write(axes: Axes, caption: Caption, centre: float, base: float) -> None:
    ink = _WRONG if caption.marked else "black"
    for line, text in enumerate(reversed(caption.lines)):
        axes.text(centre, base - line * _LINE, text, ha="center", va="baseline", fontsize=8, color=ink)


def _place(
    axes: Axes, image: NDArray[np.uint8], place: tuple[float, float], room: tuple[float, float], cmap: str
) -> None:
    """Draw an image as large as the room (width, height) allows, centred under `place`."""
    height, width = image.shape[:2]
    scale = min(room[0] / width, room[1] / height)
    left, top = place[0] - scale * width / 2, place[1] + (room[1] - scale * height) / 2
    extent = (left, left + scale * width, top + scale * height, top)
    axes.imshow(image, cmap=cmap, vmin=0, vmax=255, extent=extent)
