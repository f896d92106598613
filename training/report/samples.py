"""The first test images with their answers: nobody chose them."""

from matplotlib.figure import Figure

from training.report.grid import Caption, Cells, image_grid
from training.report.labels import Labels
from training.report.style import percent
from training.trained import Trained

_SHOWN = 40
_CELLS = Cells(columns=8, side=1.3)
_LETTERS = 12


def samples(trained: Trained, labels: Labels | None, quantity: str) -> Figure:
    """Draw the first test images; `labels` is None where the model gives a number, called `quantity`."""
    shown = range(min(_SHOWN, len(trained.tested.labels)))
    finding = f"The first {len(shown)} test images"
    if labels is None:
        captions = [_number(trained, n) for n in shown]
        explained = f"Over each image: the predicted {quantity}, and the true one."
    else:
        captions = [_class(trained, labels, n) for n in shown]
        wrong = sum(caption.marked for caption in captions)
        finding += f": {len(shown) - wrong} classified correctly, {wrong} wrongly"
        explained = (
            "Over each image: the predicted class and its probability; where it is wrong, the true one."
        )
    return image_grid(trained.dataset.test.x, shown, captions, finding, _CELLS, explained)


def _class(trained: Trained, labels: Labels, row: int) -> Caption:
    names, tested = labels.short(_LETTERS), trained.tested
    predicted, truth = int(tested.predicted[row]), int(tested.labels[row])
    answer = f"{names[predicted]} {percent(float(tested.answers[row, predicted]), 0)}"
    wrong = predicted != truth
    return Caption((answer, f"is {names[truth]}"), marked=True) if wrong else Caption((answer,))


def _number(trained: Trained, row: int) -> Caption:
    true = float(trained.tested.labels.reshape(-1)[row])
    return Caption((f"{trained.tested.answers[row, 0]:.3g}", f"is {true:.3g}"))
