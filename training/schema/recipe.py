"""The schema of a recipe: everything that decides a result, and nothing else.

A recipe is data: two runs of one recipe on one machine differ in nothing that it could have said, and
a published version carries its recipe whole. docs/recipes.md explains the fields to those who write
recipes.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from modiste.artifact import Head
from training.schema.data import ClassTarget, Data, MeanInk, OneAgainstRest, Target
from training.schema.losses import ACTIVATIONS, Loss, SparseCategoricalCrossentropy
from training.schema.network import Network
from training.schema.optimizers import Optimizer
from training.schema.section import Section

Monitor = Literal["val_loss", "val_accuracy", "val_mean_absolute_error"]

_HEADS: dict[type[Target], tuple[Head, ...]] = {
    ClassTarget: (Head.SOFTMAX, Head.LOGITS),
    OneAgainstRest: (Head.SIGMOID, Head.LOGIT),
    MeanInk: (Head.REGRESSION,),
}


class Fit(Section):
    """How long, in what portions and with what numbers to train; every epoch shuffles the images anew."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=32, ge=1, le=2**20)
    precision: Literal["float32", "mixed_bfloat16"] = "float32"


class Checkpoint(Section):
    """Keep the best epoch's model, and make it the result."""

    monitor: Monitor = "val_loss"


class EarlyStopping(Section):
    """Stop when `patience` epochs in a row were no better than the best one, and return to that one."""

    monitor: Monitor = "val_loss"
    patience: int = Field(ge=0)


class Gate(Section):
    """What a model must reach to be published."""

    min_test_accuracy: float | None = Field(default=None, ge=0, le=1)
    max_test_mean_absolute_error: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if self.min_test_accuracy is None and self.max_test_mean_absolute_error is None:
            raise ValueError(f"it demands nothing; allowed: {', '.join(type(self).model_fields)}")
        return self


class Recipe(Section):
    """A whole recipe. `model` is the name it publishes to, in any language."""

    description: str
    model: str = Field(min_length=1, max_length=128)
    seed: int = Field(default=42, ge=0, lt=2**32)
    data: Data
    network: Network
    loss: Loss = SparseCategoricalCrossentropy(name="sparse_categorical_crossentropy")
    optimizer: Optimizer
    fit: Fit
    checkpoint: Checkpoint | None = None
    early_stopping: EarlyStopping | None = None
    gate: Gate | None = None

    @model_validator(mode="after")
    def _loss_fits_target(self) -> Self:
        allowed = _HEADS[type(self.data.target)]
        if self.head not in allowed:
            raise ValueError(
                f"loss.name is {self.loss.name!r}, which does not fit "
                f"data.target.type {self.data.target.type!r}"
            )
        return self

    @model_validator(mode="after")
    def _activation_fits_loss(self) -> Self:
        expected, found = ACTIVATIONS[self.head], self.network.output.activation
        if found != expected:
            settings = {"loss.name": repr(self.loss.name)}
            if hasattr(self.loss, "from_logits"):
                settings["loss.from_logits"] = str(self.loss.from_logits).lower()
            said = " and ".join(f"{field} = {value}" for field, value in settings.items())
            raise ValueError(
                f"network.layers: the last layer's activation is {found!r}; "
                f"with {said} it must be {expected!r}"
            )
        return self

    @model_validator(mode="after")
    def _monitors_exist(self) -> Self:
        figures = ("val_loss", f"val_{self.metric}")
        for table in ("checkpoint", "early_stopping"):
            section = getattr(self, table)
            if section is not None and section.monitor not in figures:
                raise ValueError(
                    f"{table}.monitor is {section.monitor!r}; allowed here: {', '.join(figures)}"
                )
        return self

    @model_validator(mode="after")
    def _gate_can_be_met(self) -> Self:
        fits = "max_test_mean_absolute_error" if self.head is Head.REGRESSION else "min_test_accuracy"
        for field in type(self.gate).model_fields if self.gate else ():
            if getattr(self.gate, field) is not None and field != fits:
                raise ValueError(f"gate.{field} has no part in this recipe; allowed here: {fits}")
        return self

    @property
    def head(self) -> Head:
        """What the numbers of the network's last layer mean."""
        return self.loss.head

    @property
    def metric(self) -> Literal["accuracy", "mean_absolute_error"]:
        """The figure beside the loss."""
        return "mean_absolute_error" if self.head is Head.REGRESSION else "accuracy"

    @property
    def keeper(self) -> Monitor | None:
        """The figure by which one epoch is kept; None where it is the last one."""
        section = self.checkpoint or self.early_stopping
        return None if section is None else section.monitor
