"""The mistakes that a model was surest of, and the numbers that it missed by most."""

import numpy as np
from matplotlib.figure import Figure

from modiste.report import Deviation, Mistake
from modiste.report_images import LISTED
from training.report.grid import Caption, Cells, image_grid
from training.report.labels import Labels
from training.report.style import percent
from training.trained import Tested, Trained

_DRAWN = 24
_CELLS = Cells(columns=6, side=1.6)
_LETTERS = 16


def confident_mistakes(tested: Tested) -> list[Mistake]:
    """Return the wrong rows with the highest probability, the surest first; equal ones in their order."""
    predicted = tested.predicted
    wrong = np.flatnonzero(predicted != tested.labels)
    sure = tested.answers[wrong, predicted[wrong]]
    return [
        Mistake(
            index=int(row),
            true=int(tested.labels[row]),
            predicted=int(predicted[row]),
            probability=float(tested.answers[row, predicted[row]]),
        )
        for row in wrong[np.argsort(-sure, kind="stable")][:LISTED]
    ]


def largest_deviations(tested: Tested) -> list[Deviation]:
    """Return the rows whose number was missed by most, the largest first; equal ones in their order."""
    labels, answers = tested.labels.reshape(-1), tested.answers[:, 0]
    order = np.argsort(-np.abs(answers - labels), kind="stable")[:LISTED]
    return [Deviation(index=int(n), true=float(labels[n]), predicted=float(answers[n])) for n in order]


def draw_mistakes(trained: Trained, mistakes: list[Mistake], labels: Labels) -> Figure:
    """Draw the surest mistakes, each with what it was taken for, how surely, and what it is."""
    wrong = int((trained.tested.predicted != trained.tested.labels).sum())
    shown, names = mistakes[:_DRAWN], labels.short(_LETTERS)
    captions = [
        Caption((f"{names[m.predicted]} {percent(m.probability)}", f"is {names[m.true]}")) for m in shown
    ]
    finding = f"{wrong:,} of {len(trained.tested.labels):,} test images are classified wrongly"
    if wrong > len(shown):
        finding += f"; the model was surest of these {len(shown)}"
    explained = "Over each image: what it was taken for, with what probability, and what it is."
    rows = [m.index for m in shown]
    return image_grid(trained.dataset.test.x, rows, captions, finding, _CELLS, explained)


def draw_deviations(trained: Trained, deviations: list[Deviation], quantity: str) -> Figure:
    """Draw the images whose number was missed by most, with both numbers."""
    shown = deviations[:_DRAWN]
    captions = [Caption((f"{d.predicted:.3g}", f"is {d.true:.3g}")) for d in shown]
    worst = abs(shown[0].predicted - shown[0].true)
    finding = f"The {quantity} is missed by up to {worst:.3g}: the {len(shown)} largest errors"
    explained = f"Over each image: the predicted {quantity}, and the true one."
    rows = [d.index for d in shown]
    return image_grid(trained.dataset.test.x, rows, captions, finding, _CELLS, explained)
