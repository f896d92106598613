"""The machine-readable report, put together from what was measured."""

from collections.abc import Iterable

from modiste.metrics import CalibrationBin
from modiste.report import LARGEST_MATRIX, CalibrationBar, ClassFigures, Deviation, Mistake, VersionReport
from training.trained import Trained


def evaluation(
    trained: Trained, mistakes: list[Mistake], deviations: list[Deviation], pictures: Iterable[str]
) -> VersionReport:
    """Return the report of a model; `pictures` are the names of the files beside it."""
    scores, names = trained.tested.scores, trained.class_names
    per_class = None
    if names is not None and scores.per_class is not None:
        per_class = tuple(
            ClassFigures(
                label=label, precision=one.precision, recall=one.recall, f1=one.f1, support=one.support
            )
            for label, one in zip(names, scores.per_class, strict=True)
        )
    return VersionReport(
        rows=scores.count,
        loss=scores.loss,
        accuracy=scores.accuracy,
        mean_absolute_error=scores.mean_absolute_error,
        mean_squared_error=scores.mean_squared_error,
        expected_calibration_error=scores.expected_calibration_error,
        per_class=per_class,
        confusion_matrix=scores.confusion_matrix if len(names or ()) <= LARGEST_MATRIX else None,
        calibration=None if scores.calibration is None else tuple(map(_bar, scores.calibration)),
        wrong=None if names is None else int((trained.tested.predicted != trained.tested.labels).sum()),
        mistakes=tuple(mistakes),
        deviations=tuple(deviations),
        pictures=tuple(pictures),
    )


def _bar(one: CalibrationBin) -> CalibrationBar:
    return CalibrationBar(
        lower=one.lower,
        upper=one.upper,
        rows=one.rows,
        confidence=one.confidence if one.rows else None,
        accuracy=one.accuracy if one.rows else None,
    )
