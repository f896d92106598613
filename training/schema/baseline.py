"""The schema of a baseline: a classifier without a network, cross-validated and never published."""

from typing import Literal, Self

from pydantic import Field, model_validator

from training.schema.data import ClassTarget, Data
from training.schema.section import Section


class SgdClassifier(Section):
    """scikit-learn's linear classifier by stochastic gradient descent; ``log_loss`` is logistic regression.

    `max_iter` passes over the data, and as many fits as `folds`, each tested on the part it did not see.
    """

    name: Literal["sgd_classifier"]
    loss: Literal["log_loss", "hinge", "perceptron"] = "hinge"
    max_iter: int = Field(default=1000, ge=1)
    folds: int = Field(default=5, ge=2)


class Baseline(Section):
    """A whole recipe of a baseline. It looks at the training images alone, all of them."""

    description: str
    seed: int = Field(default=42, ge=0, lt=2**32)
    data: Data
    baseline: SgdClassifier

    @model_validator(mode="after")
    def _says_nothing_idle(self) -> Self:
        if "validation" in self.data.model_fields_set:
            raise ValueError("data.validation has no part in a baseline, which baseline.folds cross-validate")
        if not isinstance(self.data.target, ClassTarget):
            raise ValueError(f"data.target.type is {self.data.target.type!r}; a baseline needs 'class'")
        return self
