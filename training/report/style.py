"""What all pictures of a report have in common: colours, type, layout, and how they become files.

Figures are made without pyplot, which would keep them alive and choose a backend for the process.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter
from PIL import Image

# Colours that stay apart for colour-blind readers (Okabe and Ito).
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "0.45"

_DPI = 120
_SETTINGS: Any = {
    "figure.titlesize": 11,
    "font.size": 10,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "grid.color": "0.9",
    "text.parse_math": False,  # a class may be called $5-$10
}


@contextmanager
def applied(fonts: tuple[str, ...] = ()) -> Iterator[None]:
    """Draw in the report's own style, whatever the machine's matplotlibrc says.

    Args:
        fonts: families to turn to for characters that matplotlib's own font lacks.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *fonts]
        # Few fonts of other scripts have a bold face; half a headline in bold looks like a mistake.
        mpl.rcParams["figure.titleweight"] = "normal" if fonts else "bold"
        yield


def new_figure(width: float, height: float, finding: str, dpi: int = _DPI) -> Figure:
    """Return a figure of that size in inches, headed by what it shows; a long headline is wrapped."""
    figure = Figure(figsize=(width, height), dpi=dpi, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    figure.suptitle(finding, x=0.01, ha="left", wrap=True)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG; the same figure gives the same bytes, so nothing about the time is in it.

    A palette makes files of a third of the size. It is not seen: 256 colours are plenty for ink on white.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="rgba", dpi="figure")
    picture = Image.frombytes("RGBA", figure.canvas.get_width_height(), drawn.getvalue())
    palette = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    palette.save(path, format="PNG", optimize=True)


def in_percent(axis: Axis) -> None:
    """Label the ticks of an axis of shares as per cent, with no more digits than they have."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))


def percent(share: float, digits: int = 1) -> str:
    """Write a share as per cent; what is not quite all is never written as 100%."""
    text, whole = f"{share:.{digits}%}", f"{1:.{digits}%}"
    return f">{1 - 10 ** -(digits + 2):.{digits}%}" if text == whole and share < 1 else text
