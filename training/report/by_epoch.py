"""What pictures by epoch have in common: what their heights measure, and which epochs are ticked."""

from collections.abc import Iterable

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from training.schema.recipe import Recipe

_HEIGHTS = {"accuracy": "images classified correctly", "mean_absolute_error": "mean absolute error"}
_ALL = 10  # so many epochs are ticked one by one
_TICKS = 6  # of more epochs, about so many
_DENSE = 1000  # an axis that covers more is labelled at the powers of ten alone


def height(figure: str, recipes: Iterable[Recipe]) -> str:
    """Return the label of a vertical axis, with its unit: ``loss`` is what the recipes' loss measures.

    Recipes whose losses measure different things share the axis as ``loss``.
    """
    if figure != "loss":
        return _HEIGHTS[figure]
    names = {recipe.loss.name for recipe in recipes}
    measured = {
        "cross-entropy (nats)" if "crossentropy" in name else name.replace("_", " ") for name in names
    }
    return measured.pop() if len(measured) == 1 else "loss"


def tick_epochs(axis: Axis, epochs: int) -> None:
    """Tick the first epoch, the last one, and round numbers between them that leave both room."""
    axis.set_ticks(_ticks(epochs))


def label_powers(axis: Axis) -> None:
    """Label a logarithmic axis in plain numbers: pictures that may hold any class name parse no formulas."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _DENSE * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _ticks(epochs: int) -> list[int]:
    if epochs <= _ALL:
        return list(range(1, max(epochs, 1) + 1))
    step = next(n * 10**power for power in range(12) for n in (2, 5, 10) if epochs <= _TICKS * n * 10**power)
    room = 0.6 * step
    between = (tick for tick in range(step, epochs, step) if tick - 1 >= room and epochs - tick >= room)
    return [1, *between, epochs]
