"""The layers that a recipe may list, each with its settings; `training.network` builds them."""

from typing import Annotated, Literal

from pydantic import Field

from training.section import Section

Activation = Literal["linear", "relu", "leaky_relu", "sigmoid", "tanh", "softmax"]
LayerName = Annotated[str | None, Field(min_length=1, max_length=128)]


class Flatten(Section):
    """Lay the axes of one image end to end."""

    type: Literal["flatten"]
    name: LayerName = None


class Dense(Section):
    """Weighted sums of all inputs, then the activation."""

    type: Literal["dense"]
    name: LayerName = None
    units: int = Field(ge=1)
    activation: Activation = "linear"


class Dropout(Section):
    """Drop this share of the inputs at random, while training only."""

    type: Literal["dropout"]
    name: LayerName = None
    rate: float = Field(ge=0, lt=1)


Layer = Annotated[Flatten | Dense | Dropout, Field(discriminator="type")]
