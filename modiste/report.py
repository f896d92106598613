"""The machine-readable report of a version, ``report/evaluation.json``: how it did on the test data.

Training writes it beside the pictures; whoever shows a version reads it. Numbers of classes count from
0 and are the columns of the model's answer; `index` is a row of the data set's test part.
"""

from modiste.artifact import Record, VersionedRecord

EVALUATION = "evaluation.json"
CARD = "model-card.md"
LARGEST_MATRIX = 250  # classes: beyond it the file would grow by hundreds of kilobytes


class ClassFigures(Record):
    """How one class was told from the others; a ratio of nothing to nothing is 0."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class CalibrationBar(Record):
    """The rows whose highest probability lies above `lower` and at most at `upper`.

    `confidence` is the mean of those probabilities and `accuracy` the share that is right, both null
    without rows.
    """

    lower: float
    upper: float
    rows: int
    confidence: float | None
    accuracy: float | None


class Mistake(Record):
    """A wrongly classified image; `probability` is what the model gave the class it chose."""

    index: int
    true: int
    predicted: int
    probability: float


class Deviation(Record):
    """An image whose number was missed; `predicted` is what the model gave instead."""

    index: int
    true: float
    predicted: float


class VersionReport(VersionedRecord):
    """How a version did on the whole test data; what does not apply to its head is null or empty.

    Attributes:
        confusion_matrix: rows by [true class][predicted class]; null beyond 250 classes.
        wrong: how many rows were classified wrongly.
        mistakes: the wrong rows with the highest probability, the surest first.
        deviations: of a model that gives a number, the rows it missed by most, the largest first.
        pictures: the files beside this one, in the order in which they are best shown.
    """

    rows: int
    loss: float | None = None
    accuracy: float | None = None
    mean_absolute_error: float | None = None
    mean_squared_error: float | None = None
    expected_calibration_error: float | None = None
    per_class: tuple[ClassFigures, ...] | None = None
    confusion_matrix: tuple[tuple[int, ...], ...] | None = None
    calibration: tuple[CalibrationBar, ...] | None = None
    wrong: int | None = None
    mistakes: tuple[Mistake, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    pictures: tuple[str, ...] = ()
