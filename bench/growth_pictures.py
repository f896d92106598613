"""The curves of `bench.growth` as pictures: one file a curve, panels side by side, one quantity a panel."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

Document = dict[str, Any]
Points = list[dict[str, Any]]

_OURS, _OTHER, _GREY = "#1f5fa8", "#d9731a", "#777777"


def draw(document: Document, folder: Path) -> Iterator[Path]:
    """Draw every curve of a document; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, points in document["curves"].items():
        path = folder / f"growth-{name}.png"
        _PICTURES[name](points, document)
        pyplot.savefig(path, dpi=110, metadata={"Software": None})
        pyplot.close()
        yield path


def _rows(points: Points, document: Document) -> None:
    left, right = _panels("One request of 1 to 4,096 images", 2)
    bare = document["bare_images_per_second"]
    count = _values(points, "rows")
    _line(left, count, _values(points, "ms"), "one request, alone", _OURS)
    best = "bare ONNX Runtime, at its best"
    left.plot(count, [rows / bare * 1000 for rows in count], "--", color=_GREY, label=best)
    _logarithmic(left, "images in a request", "median, ms", both=True)
    _line(right, count, _values(points, "images_per_second"), "4 connections", _OURS)
    _line(right, count, _values(points, "images_per_second_alone"), "1 connection", _OTHER)
    right.axhline(bare, linestyle="--", color=_GREY, label=best)
    _logarithmic(right, "images in a request", "images per second", both=True)


def _parameters(points: Points, _: Document) -> None:
    left, right = _panels("One image, to models of growing size", 2)
    for kind, colour in (("dense", _OURS), ("convolutional", _OTHER)):
        some = [point for point in points if point["kind"] == kind]
        sizes = _values(some, "parameters")
        _line(left, sizes, _values(some, "ms"), kind, colour)
        _line(right, sizes, _values(some, "images_per_second"), kind, colour)
    _logarithmic(left, "parameters", "median alone, ms", both=True)
    _logarithmic(right, "parameters", "images per second, 64 connections", both=True)


def _connections(points: Points, _: Document) -> None:
    left, right = _panels("One image as JSON on 1 to 1,024 connections", 2)
    count = _values(points, "connections")
    _line(left, count, _values(points, "ceiling_per_second"), "ceiling", _GREY)
    _line(left, count, _values(points, "requests_per_second"), "Modiste, one worker", _OURS)
    _logarithmic(left, "connections", "requests per second")
    _line(right, count, _values(points, "ceiling_p99_ms"), "ceiling", _GREY)
    _line(right, count, _values(points, "p99_ms"), "Modiste, one worker", _OURS)
    _logarithmic(right, "connections", "99th percentile, ms", both=True)


def _models(points: Points, _: Document) -> None:
    count = _values(points, "models")
    named = (
        ("memory_mib", "memory, MiB"),
        ("start_s", "start to the first answer, s"),
        ("requests_per_second", "requests per second, 64 connections"),
    )
    panels = _panels("1 to 50 models loaded (784-100-10, copies)", len(named))
    for axes, (key, label) in zip(panels, named, strict=True):
        _line(axes, count, _values(points, key), None, _OURS)
        axes.set_xlabel("models")
        axes.set_ylabel(label)
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.set_xlim(left=0)
        axes.yaxis.set_major_formatter(FuncFormatter(_short))


def _panels(title: str, count: int) -> list[Axes]:
    figure, axes = pyplot.subplots(1, count, figsize=(4.4 * count, 3.7), layout="constrained")
    figure.suptitle(title, fontsize=12)
    found: list[Axes] = list(axes)
    for one in found:
        one.grid(True, which="major", color="#dddddd", linewidth=0.7)
        one.set_axisbelow(True)
        one.spines[["top", "right"]].set_visible(False)
    return found


def _line(axes: Axes, x: list[float], y: list[float], label: str | None, colour: str) -> None:
    axes.plot(x, y, marker="o", markersize=4, linewidth=1.6, color=colour, label=label)


def _logarithmic(axes: Axes, x: str, y: str, both: bool = False) -> None:
    axes.set_xscale("log")
    if both:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_short))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.legend(frameon=False, fontsize=9)


def _short(value: float, _: object = None) -> str:
    """Write 1000 as 1k and 1000000 as 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _values(points: Points, key: str) -> list[float]:
    return [point[key] for point in points]


_PICTURES: dict[str, Callable[[Points, Document], None]] = {
    "rows": _rows,
    "parameters": _parameters,
    "connections": _connections,
    "models": _models,
}
