"""The network of a recipe: its layers in order, and in which of Keras's spellings it is written."""

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from training.schema.layers import Dense, Layer, Residual
from training.schema.section import Section

Spelling = Literal["list", "add", "functional"]


class Network(Section):
    """The layers in order. Pixels are scaled to 0-1 by a Rescaling layer that always comes first.

    `spelling` says how the model is composed: a Sequential from a list, one to which layers are added
    one by one, or the functional API. The three compute the same.
    """

    spelling: Spelling = "list"
    layers: tuple[Layer, ...] = Field(strict=False)

    @field_validator("layers")
    @classmethod
    def _ends_dense(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        if not layers or not isinstance(layers[-1], Dense):
            raise ValueError("the last layer gives the answer's numbers, so its type must be 'dense'")
        return layers

    @field_validator("layers")
    @classmethod
    def _names_differ(cls, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        names = [layer.name for layer in _flat(layers) if layer.name is not None]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise ValueError(f"two layers are called {name!r}; names must differ")
        return layers

    @model_validator(mode="after")
    def _branches_are_functional(self) -> "Network":
        if self.spelling != "functional" and any(isinstance(layer, Residual) for layer in self.layers):
            raise ValueError(
                f"spelling is {self.spelling!r}; a network with 'residual' layers must be 'functional'"
            )
        return self

    @property
    def output(self) -> Dense:
        """The last layer."""
        last = self.layers[-1]  # _ends_dense refused everything else
        assert isinstance(last, Dense)
        return last


def _flat(layers: Iterable[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        if isinstance(layer, Residual):
            yield from _flat(layer.layers)
