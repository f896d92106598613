"""The optimizers that a recipe may name, with Keras's own defaults for what it leaves out."""

from typing import Annotated, Literal

from pydantic import Field

from training.schema.section import Section

Rate = Annotated[float, Field(gt=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Decay = Annotated[float | None, Field(ge=0)]


class CosineDecay(Section):
    """A rate that rises through the warm-up and then falls along half a cosine to `alpha` of its top.

    Loshchilov and Hutter 2016, "SGDR", without restarts. `learning_rate` of the optimizer is the top.
    """

    name: Literal["cosine_decay"]
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.0


class _Optimizer(Section):
    learning_rate: Rate = 0.001
    schedule: CosineDecay | None = None
    clipnorm: Annotated[float | None, Field(gt=0)] = None


class SGD(_Optimizer):
    """Stochastic gradient descent, plain or with momentum."""

    name: Literal["sgd"]
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.0
    nesterov: bool = False
    weight_decay: Decay = None


class Adagrad(_Optimizer):
    """A rate for each weight that falls with the gradients it has seen."""

    name: Literal["adagrad"]


class RMSprop(_Optimizer):
    """Gradients divided by a moving average of their size."""

    name: Literal["rmsprop"]
    rho: Momentum = 0.9
    momentum: Momentum = 0.0


class Adam(_Optimizer):
    """RMSprop with momentum, corrected for its start."""

    name: Literal["adam"]
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999


class AdamW(_Optimizer):
    """Adam with weight decay apart from the gradients (Loshchilov and Hutter 2017)."""

    name: Literal["adamw"]
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999
    weight_decay: Decay = 0.004


Optimizer = Annotated[SGD | Adagrad | RMSprop | Adam | AdamW, Field(discriminator="name")]
