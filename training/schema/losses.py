"""The losses that a recipe may name, and the last layer that each of them asks for."""

from typing import Annotated, Literal

from pydantic import Field

from modiste.artifact import Head
from training.schema.section import Section


class SparseCategoricalCrossentropy(Section):
    """Of exclusive classes, with the number of the true one as label."""

    name: Literal["sparse_categorical_crossentropy"]
    from_logits: bool = False

    @property
    def head(self) -> Head:
        """Probabilities of exclusive classes, or their logits."""
        return Head.LOGITS if self.from_logits else Head.SOFTMAX


class CategoricalCrossentropy(Section):
    """Of exclusive classes, with one-hot labels, which may be smoothed (Szegedy et al. 2015)."""

    name: Literal["categorical_crossentropy"]
    from_logits: bool = False
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @property
    def head(self) -> Head:
        """Probabilities of exclusive classes, or their logits."""
        return Head.LOGITS if self.from_logits else Head.SOFTMAX


class BinaryCrossentropy(Section):
    """Of one class against the rest, told by one unit."""

    name: Literal["binary_crossentropy"]
    from_logits: bool = False

    @property
    def head(self) -> Head:
        """The probability of the class, or its logit."""
        return Head.LOGIT if self.from_logits else Head.SIGMOID


class MeanSquaredError(Section):
    """Of a number."""

    name: Literal["mean_squared_error"]

    @property
    def head(self) -> Head:
        """A plain number."""
        return Head.REGRESSION


class MeanAbsoluteError(Section):
    """Of a number, less moved by outliers."""

    name: Literal["mean_absolute_error"]

    @property
    def head(self) -> Head:
        """A plain number."""
        return Head.REGRESSION


Loss = Annotated[
    SparseCategoricalCrossentropy
    | CategoricalCrossentropy
    | BinaryCrossentropy
    | MeanSquaredError
    | MeanAbsoluteError,
    Field(discriminator="name"),
]

ACTIVATIONS: dict[Head, str] = {
    Head.SOFTMAX: "softmax",
    Head.LOGITS: "linear",
    Head.SIGMOID: "sigmoid",
    Head.LOGIT: "linear",
    Head.REGRESSION: "linear",
}
"""The activation that a head asks of the last layer."""
