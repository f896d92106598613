"""From a recipe's network to a compiled Keras model: pure construction, nothing is trained here."""

from collections.abc import Sequence
from typing import Any, assert_never

import keras

from modiste.names import safe_name
from training.errors import RecipeError
from training.layers import Dense, Dropout, Flatten, Layer
from training.recipe import Loss, Recipe

PIXELS = (0.0, 255.0)
"""The range of what is fed to a model; its first layer brings it to 0-1."""


def build(recipe: Recipe, image_shape: Sequence[int], classes: int) -> Any:
    """Build and compile the model of a recipe.

    Its input is float32 [rows, *image_shape] in the range `PIXELS`: scaling is the model's own first
    layer, so that training and serving cannot disagree about it. Its output is float32 [rows, classes].

    Raises:
        RecipeError: the last layer does not have one unit for each class.
    """
    units = recipe.network.output.units
    if units != classes:
        raise RecipeError(
            f"network.layers: the last layer has {units} units; {recipe.data.dataset} has {classes} classes"
        )
    # Compiled functions and graph converters refuse spaces and other scripts in names.
    model = keras.Sequential(
        [
            keras.Input(tuple(image_shape), dtype="float32"),
            keras.layers.Rescaling(1 / PIXELS[1]),
            *(_layer(layer) for layer in recipe.network.layers),
        ],
        name=safe_name(recipe.model),
    )
    model.compile(optimizer=_optimizer(recipe), loss=_loss(recipe.loss), metrics=["accuracy"])
    return model


def _layer(layer: Layer) -> Any:
    name = None if layer.name is None else safe_name(layer.name)
    match layer:
        case Flatten():
            return keras.layers.Flatten(name=name)
        case Dense(units=units, activation=activation):
            return keras.layers.Dense(units, activation=activation, name=name)
        case Dropout(rate=rate):
            return keras.layers.Dropout(rate, name=name)
    assert_never(layer)


def _optimizer(recipe: Recipe) -> Any:
    settings = recipe.optimizer.model_dump()
    return keras.optimizers.get({"class_name": settings.pop("name"), "config": settings})


def _loss(loss: Loss) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=loss.from_logits)
