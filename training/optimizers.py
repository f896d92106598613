"""The optimizers that a recipe may name, with Keras's own defaults for what it leaves out."""

from typing import Annotated, Literal

from pydantic import Field

from training.section import Section

Rate = Annotated[float, Field(gt=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]


class SGD(Section):
    """Stochastic gradient descent, plain or with momentum."""

    name: Literal["sgd"]
    learning_rate: Rate = 0.01
    momentum: Momentum = 0.0
    nesterov: bool = False


class Adagrad(Section):
    """A rate for each weight that falls with the gradients it has seen."""

    name: Literal["adagrad"]
    learning_rate: Rate = 0.001


class RMSprop(Section):
    """Gradients divided by a moving average of their size."""

    name: Literal["rmsprop"]
    learning_rate: Rate = 0.001
    rho: Momentum = 0.9
    momentum: Momentum = 0.0


class Adam(Section):
    """RMSprop with momentum, corrected for its start."""

    name: Literal["adam"]
    learning_rate: Rate = 0.001
    beta_1: Momentum = 0.9
    beta_2: Momentum = 0.999


Optimizer = Annotated[SGD | Adagrad | RMSprop | Adam, Field(discriminator="name")]
