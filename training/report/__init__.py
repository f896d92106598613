"""The report of a version, to look at rather than to read: pictures, a model card, and the same as data.

`draw_report` writes it. Nothing in it is computed twice: the figures are those of `modiste.metrics`,
which the service's ``/evaluate`` answers too.
"""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from modiste.report import CARD, EVALUATION, Deviation, Mistake
from modiste.report_images import IMAGES, of_classes, of_numbers
from training.report import style
from training.report.calibration import calibration
from training.report.card import Provenance, model_card
from training.report.confusion import confusion_matrix
from training.report.curves import learning_curves
from training.report.evaluation import evaluation
from training.report.labels import Labels, labels_of
from training.report.mistakes import confident_mistakes, draw_deviations, draw_mistakes, largest_deviations
from training.report.per_class import per_class
from training.report.samples import samples
from training.report.scatter import predicted_against_true, quantity_of
from training.report.seeds import SeedSpread
from training.trained import Trained

__all__ = ["SeedSpread", "draw_report"]


def draw_report(
    trained: Trained,
    folder: Path,
    *,
    command: str | None = None,
    libraries: Mapping[str, str] | None = None,
    seeds: SeedSpread | None = None,
    chosen_among: int = 1,
) -> None:
    """Write the whole report into `folder`, which is made.

    The same arguments give the same bytes on the same machine: only the fonts for letters that
    matplotlib's own font lacks are the machine's.

    Args:
        trained: the model and all that is known about it.
        folder: where to; it must not exist.
        command: what makes this model, as it is typed: ``modiste train fashion-mlp``.
        libraries: the versions that it was made with, by name.
        seeds: how a figure of the same recipe spreads over seeds, where that was measured.
        chosen_among: of how many trainings this one was chosen, by its validation figure.
    """
    names = trained.class_names
    labels = None if names is None else labels_of(names)
    mistakes = [] if labels is None else confident_mistakes(trained.tested)
    deviations = largest_deviations(trained.tested) if labels is None else []
    folder.mkdir()
    choose = of_numbers if labels is None else of_classes
    choose(trained.dataset.test.x, trained.tested.labels, trained.tested.answers).write(folder / IMAGES)
    with style.applied(() if labels is None else labels.fonts):
        pictures = _pictures(trained, labels, mistakes, deviations)
        for name, figure in pictures.items():
            style.save(figure, folder / name)
    report = evaluation(trained, mistakes, deviations, pictures)
    # On one line: indented, a confusion matrix has a line for each of its numbers.
    (folder / EVALUATION).write_text(report.model_dump_json() + "\n", encoding="utf-8")
    provenance = Provenance(command, dict(libraries or {}), seeds, chosen_among)
    card = model_card(trained, report, provenance, labels)
    (folder / CARD).write_text(card, encoding="utf-8")


def _pictures(
    trained: Trained, labels: Labels | None, mistakes: list[Mistake], deviations: list[Deviation]
) -> dict[str, Figure]:
    """Draw what there is something to show of, by file name, in the order of the card."""
    scores, figures = trained.tested.scores, {"learning_curves": learning_curves(trained)}
    quantity = quantity_of(trained)
    if labels is None:
        figures["predicted_against_true"] = predicted_against_true(trained.tested, quantity)
        figures["mistakes"] = draw_deviations(trained, deviations, quantity)
    else:
        if scores.confusion_matrix is not None:
            figures["confusion_matrix"] = confusion_matrix(scores.confusion_matrix, labels)
        if scores.per_class is not None:
            figures["per_class"] = per_class(scores.per_class, labels)
        figures["calibration"] = calibration(scores)
        if mistakes:
            figures["mistakes"] = draw_mistakes(trained, mistakes, labels)
    figures["samples"] = samples(trained, labels, quantity)
    return {f"{name}.png": figure for name, figure in figures.items()}
