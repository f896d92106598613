"""Evaluation arithmetic, in NumPy alone: answers from outputs, and what they are worth against labels."""

from modiste.metrics.evaluator import Evaluator, evaluate
from modiste.metrics.labels import LabelError, class_count, normalize_labels
from modiste.metrics.probabilities import probabilities
from modiste.metrics.scores import CalibrationBin, ClassScores, Evaluation

__all__ = [
    "CalibrationBin",
    "ClassScores",
    "Evaluation",
    "Evaluator",
    "LabelError",
    "class_count",
    "evaluate",
    "normalize_labels",
    "probabilities",
]
