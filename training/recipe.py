"""The schema of a recipe: everything that decides a result, and nothing else.

A recipe is data: two runs of one recipe on one machine differ in nothing that it could have said, and
a published version carries its recipe whole. docs/training.md explains the fields to those who write
recipes.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from modiste.artifact import Head
from modiste.datasets import dataset_names
from training.layers import Dense, Layer
from training.optimizers import Optimizer
from training.section import Section

Monitor = Literal["val_loss", "val_accuracy"]


class Data(Section):
    """Which data, and how much of its training part is held out for validation."""

    dataset: str
    validation: float = Field(default=0.2, gt=0, lt=1)
    split_seed: int = Field(default=42, ge=0)

    @field_validator("dataset")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in dataset_names():
            raise ValueError(f"{name!r} is not known; allowed: {', '.join(dataset_names())}")
        return name


class Network(Section):
    """The layers in order. Pixels are scaled to 0-1 by a Rescaling layer that always comes first."""

    layers: tuple[Layer, ...] = Field(strict=False)

    @field_validator("layers")
    @classmethod
    def _ends_dense(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        if not layers or not isinstance(layers[-1], Dense):
            raise ValueError("the last layer gives one number for each class, so its type must be 'dense'")
        return layers

    @field_validator("layers")
    @classmethod
    def _names_differ(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        names = [layer.name for layer in layers if layer.name is not None]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise ValueError(f"two layers are called {name!r}; names must differ")
        return layers

    @property
    def output(self) -> Dense:
        """The last layer."""
        last = self.layers[-1]  # _ends_dense refused everything else
        assert isinstance(last, Dense)
        return last


class Loss(Section):
    """What fitting makes small. With `from_logits` the softmax belongs to the loss, not to the network."""

    name: Literal["sparse_categorical_crossentropy"] = "sparse_categorical_crossentropy"
    from_logits: bool = False


class Fit(Section):
    """How long, and in what portions, to train."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=32, ge=1)


class Checkpoint(Section):
    """Keep the best epoch's model, and make it the result."""

    monitor: Monitor = "val_loss"


class EarlyStopping(Section):
    """Stop when `patience` epochs in a row were no better than the best one, and return to that one."""

    monitor: Monitor = "val_loss"
    patience: int = Field(ge=0)


class Gate(Section):
    """What a model must reach to be published."""

    min_test_accuracy: float = Field(ge=0, le=1)


class Recipe(Section):
    """A whole recipe. `model` is the name it publishes to, in any language."""

    description: str
    model: str = Field(min_length=1, max_length=128)
    seed: int = Field(default=42, ge=0, lt=2**32)
    data: Data
    network: Network
    loss: Loss = Loss()
    optimizer: Optimizer
    fit: Fit
    checkpoint: Checkpoint | None = None
    early_stopping: EarlyStopping | None = None
    gate: Gate | None = None

    @model_validator(mode="after")
    def _head_fits_loss(self) -> Self:
        expected = "linear" if self.loss.from_logits else "softmax"
        found = self.network.output.activation
        if found != expected:
            raise ValueError(
                f"network.layers: the last layer's activation is {found!r}; with loss.from_logits = "
                f"{str(self.loss.from_logits).lower()} it must be {expected!r}"
            )
        return self

    @property
    def head(self) -> Head:
        """What the numbers of the network's last layer mean."""
        return Head.LOGITS if self.loss.from_logits else Head.SOFTMAX
