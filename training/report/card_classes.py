"""The part of a model card that shows how each class was told, or each number met."""

from modiste.report import ClassFigures, VersionReport
from training.report.calibration import verdict
from training.report.confusion import commonest
from training.report.labels import Labels
from training.report.markdown import escaped, picture, table
from training.trained import Trained

MOST = 100  # classes that a card lists
_CONFUSIONS = 5


def class_sections(trained: Trained, report: VersionReport, labels: Labels) -> str:
    """Return the sections on classes, calibration and mistakes; `labels` are the pictures'."""
    scores, names = trained.tested.scores, [escaped(name) for name in trained.class_names or ()]
    parts = ["## By class"]
    if report.per_class:
        parts += [*_class_table(report.per_class, labels), picture("Scores by class", "per_class.png")]
    if scores.confusion_matrix:
        parts += [
            *_confusions(scores.confusion_matrix, names),
            picture("Confusion matrix", "confusion_matrix.png"),
        ]
    parts += [
        "## Calibration",
        f"{verdict(scores)}. The expected calibration error, the gap between confidence and accuracy in 15 "
        f"bins of equal width, weighted by images, is {report.expected_calibration_error:.4f}.",
        picture("Reliability diagram", "calibration.png"),
        "## Mistakes and samples",
        *_mistakes(report),
        picture("Sample predictions", "samples.png"),
    ]
    return "\n\n".join(parts)


def number_section() -> str:
    """Return the section of a model that gives a number."""
    parts = [
        "## Errors and samples",
        picture("Predicted against true", "predicted_against_true.png"),
        picture("Largest errors", "mistakes.png"),
        picture("Sample predictions", "samples.png"),
    ]
    return "\n\n".join(parts)


def _class_table(figures: tuple[ClassFigures, ...], labels: Labels) -> list[str]:
    """Return the table, of very many classes that of the hardest, and what must be known to read it."""
    numbered, notes = list(enumerate(figures)), []
    if len(figures) > MOST:
        numbered = sorted(numbered, key=lambda item: item[1].f1)[:MOST]
        notes.append(
            f"The {MOST} hardest of {len(figures)} classes; [evaluation.json](evaluation.json) has all."
        )
    if labels.numbered:
        notes.append(
            "The pictures call classes by their numbers: no font at hand had the letters of the names."
        )
    rows = [
        [str(n), escaped(f.label), f"{f.precision:.3f}", f"{f.recall:.3f}", f"{f.f1:.3f}", f"{f.support:,}"]
        for n, f in numbered
    ]
    return [*notes, table(["number", "class", "precision", "recall", "F1", "images"], rows, "rlrrrr")]


def _confusions(matrix: tuple[tuple[int, ...], ...], names: list[str]) -> list[str]:
    found = commonest(matrix, _CONFUSIONS)
    rows = [[names[c.true], names[c.predicted], f"{c.rows:,}", f"{c.rows / c.support:.1%}"] for c in found]
    heads = ["commonest confusion: what is", "is taken for", "images", "of the class"]
    return [table(heads, rows, "llrr")] if rows else []


def _mistakes(report: VersionReport) -> list[str]:
    if not report.mistakes:
        return ["No test image is classified wrongly."]
    listed = len(report.mistakes)
    which = "All of them" if listed == report.wrong else f"The {listed} that the model was surest of"
    return [
        f"{report.wrong:,} test images are classified wrongly. {which} are listed in "
        "[evaluation.json](evaluation.json).",
        picture("Surest mistakes", "mistakes.png"),
    ]
