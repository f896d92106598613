"""What is asked about the images: from a data set's classes to the labels that a network learns."""

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from modiste.datasets import Split
from training.errors import RecipeError
from training.schema.data import ClassTarget, MeanInk, OneAgainstRest, Target
from training.schema.losses import CategoricalCrossentropy, Loss, SparseCategoricalCrossentropy


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One label an image: int64 [rows] class numbers, or float32 [rows] numbers without `class_names`."""

    values: NDArray[Any]
    class_names: tuple[str, ...] | None


def labels_for(split: Split, target: Target) -> Labels:
    """Return what a recipe's target makes of a split.

    Raises:
        RecipeError: the data set has no class of the target's name.
    """
    names = answers_for(split.class_names, target)
    match target:
        case ClassTarget():
            return Labels(split.y.astype(np.int64), names)
        case OneAgainstRest(class_name=name):
            return Labels((split.y == split.class_names.index(name)).astype(np.int64), names)
        case MeanInk():
            axes = tuple(range(1, split.x.ndim))
            return Labels((split.x.mean(axis=axes) / 255).astype(np.float32), names)
    assert_never(target)


def answers_for(class_names: tuple[str, ...], target: Target) -> tuple[str, ...] | None:
    """Return the classes that a recipe's target makes of a data set's; None where the answer is a number.

    Raises:
        RecipeError: the data set has one class alone, or none of the target's name.
    """
    if isinstance(target, MeanInk):
        return None
    if len(class_names) < 2:
        raise RecipeError(f"The data have one class, {class_names[0]}: there is nothing to tell apart.")
    if isinstance(target, ClassTarget):
        return class_names
    if target.class_name not in class_names:
        raise RecipeError(
            f"data.target.class_name is {target.class_name!r}; "
            f"the data's classes are: {', '.join(class_names)}"
        )
    return f"not {target.class_name}", target.class_name


def encode(labels: NDArray[Any], loss: Loss, units: int) -> NDArray[Any]:
    """Return labels [rows] in the form that a loss compares outputs with.

    One-hot float32 [rows, units] for the categorical loss, float32 [rows, 1] where one unit answers,
    and the class numbers themselves for the sparse loss.
    """
    match loss:
        case SparseCategoricalCrossentropy():
            return labels
        case CategoricalCrossentropy():
            return np.asarray(np.eye(units, dtype=np.float32)[labels])
    return labels[:, np.newaxis].astype(np.float32)
