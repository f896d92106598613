"""Precision, recall and F1 by class."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from modiste.metrics import ClassScores
from training.report.labels import Labels
from training.report.style import BLUE, GREY, ORANGE, in_percent, new_figure

MOST = 40
_COLUMNS = 26


def by_difficulty(scores: Sequence[ClassScores]) -> list[int]:
    """Return the numbers of the classes that have rows, the hardest (lowest F1) first."""
    present = [number for number, one in enumerate(scores) if one.support]
    return sorted(present, key=lambda number: (scores[number].f1, number))


def per_class(scores: Sequence[ClassScores], labels: Labels) -> Figure:
    """Draw one line a class, the hardest on top; of very many classes only the hardest."""
    order = by_difficulty(scores)
    shown, names = order[:MOST], labels.short(_COLUMNS)
    figure = new_figure(7.6, 1.9 + 0.27 * len(shown), _finding(scores, order, names))
    axes = figure.subplots()
    lines = range(len(shown))
    values = [(scores[n].precision, scores[n].recall, scores[n].f1) for n in shown]
    axes.hlines(lines, [min(v) for v in values], [max(v) for v in values], color="0.8", linewidth=2, zorder=1)
    axes.scatter([v[0] for v in values], lines, marker="o", s=38, color=BLUE, label="precision", zorder=2)
    axes.scatter([v[1] for v in values], lines, marker="s", s=34, color=ORANGE, label="recall", zorder=3)
    axes.scatter([v[2] for v in values], lines, marker="|", s=120, color="black", label="F1", zorder=4)
    supports = {scores[n].support for n in shown}
    rows = [f"{names[n]} ({scores[n].support:,})" if len(supports) > 1 else names[n] for n in shown]
    axes.set_yticks(lines, rows)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    lowest = min(min(v) for v in values)
    axes.set_xlim(-0.02 if lowest < 0.3 else max(0.0, lowest - 0.05), 1.01)
    in_percent(axes.xaxis)
    axes.set_xlabel("share of the images taken for the class (precision), or of the class (recall)")
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.axvline(1, color=GREY, linewidth=0.8, zorder=0)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _finding(scores: Sequence[ClassScores], order: Sequence[int], names: Sequence[str]) -> str:
    hardest, easiest = order[0], order[-1]
    unknown = sum(scores[number].f1 == 0 for number in order)
    if 1 < unknown < len(order):
        best = f"easiest is {names[easiest]} (F1 {scores[easiest].f1:.3f})"
        return f"{unknown} of {len(order)} classes are never recognised; {best}"
    if scores[hardest].f1 == scores[easiest].f1:
        return f"Every class has the same F1, {scores[hardest].f1:.3f}"
    text = f"Hardest is {names[hardest]} (F1 {scores[hardest].f1:.3f}), "
    text += f"easiest {names[easiest]} ({scores[easiest].f1:.3f})"
    return f"{text}; the hardest {MOST} of {len(order)} classes" if len(order) > MOST else text
