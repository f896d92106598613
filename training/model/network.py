"""From a recipe's network to a Keras model: pure construction, nothing is trained here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import keras

from modiste.names import safe_name
from training.errors import RecipeError
from training.schema.layers import Dense, Layer, Residual
from training.schema.network import Network
from training.schema.recipe import Recipe

PIXELS = (0.0, 255.0)
"""The range of what is fed to a model; its first layer brings it to 0-1."""

# The Keras class of each type of layer; the settings of both have the same names.
_CLASSES = {
    "flatten": keras.layers.Flatten,
    "reshape": keras.layers.Reshape,
    "dense": keras.layers.Dense,
    "conv2d": keras.layers.Conv2D,
    "depthwise_conv2d": keras.layers.DepthwiseConv2D,
    "separable_conv2d": keras.layers.SeparableConv2D,
    "max_pooling2d": keras.layers.MaxPooling2D,
    "average_pooling2d": keras.layers.AveragePooling2D,
    "global_average_pooling2d": keras.layers.GlobalAveragePooling2D,
    "global_max_pooling2d": keras.layers.GlobalMaxPooling2D,
    "batch_normalization": keras.layers.BatchNormalization,
    "layer_normalization": keras.layers.LayerNormalization,
    "activation": keras.layers.Activation,
    "dropout": keras.layers.Dropout,
    "spatial_dropout2d": keras.layers.SpatialDropout2D,
    "random_flip": keras.layers.RandomFlip,
    "random_translation": keras.layers.RandomTranslation,
    "random_rotation": keras.layers.RandomRotation,
    "random_zoom": keras.layers.RandomZoom,
    "random_erasing": keras.layers.RandomErasing,
    "gaussian_noise": keras.layers.GaussianNoise,
}
# These move pixels about and must be told which values they have by now.
_SCALED = {"random_erasing": {"value_range": (0.0, 1.0)}}
_CHANNELS = '. Grey images have no channels: begin with {{ type = "reshape", target_shape = [{}, {}, 1] }}'


def build(recipe: Recipe, image_shape: Sequence[int], units: int, precision: str | None = None) -> Any:
    """Build the model of a recipe, not compiled.

    Its input is float32 [rows, *image_shape] in the range `PIXELS`: scaling is the model's own first
    layer, so that training and serving cannot disagree about it. Its output is float32 [rows, units].

    Args:
        recipe: says which network.
        image_shape: of one image.
        units: how many numbers the answer has: one for each class, or one alone.
        precision: a dtype policy instead of the recipe's.

    Raises:
        RecipeError: the last layer has other units, or the layers do not fit together.
    """
    output = recipe.network.output
    if output.units != units:
        raise RecipeError(
            f"network.layers: the last layer has {output.units} units; "
            f"data.target.type {recipe.data.target.type!r} of {recipe.data.dataset} needs {units}"
        )
    policy = precision or recipe.fit.precision
    # Compiled functions and graph converters refuse spaces and other scripts in names.
    name = safe_name(recipe.model)
    try:
        return _compose(recipe.network, tuple(image_shape), policy, name)
    except (ValueError, TypeError) as error:
        cure = _CHANNELS.format(*image_shape) if len(image_shape) == 2 and "min_ndim=4" in str(error) else ""
        raise RecipeError(f"network.layers do not fit together: {_first_line(error)}{cure}") from error


def _compose(network: Network, image_shape: tuple[int, ...], policy: str, name: str) -> Any:
    inner, output = network.layers[:-1], network.output
    make = _Maker(policy)
    inputs = keras.Input(image_shape, dtype="float32", name="input_layer")
    rescaling = keras.layers.Rescaling(1 / PIXELS[1], dtype=policy, name="rescaling")
    if network.spelling == "functional":
        x = make.apply(inner, rescaling(inputs))
        return keras.Model(inputs, make.output(output)(x), name=name)
    layers = [inputs, rescaling, *(make.layer(layer) for layer in inner), make.output(output)]
    if network.spelling == "list":
        return keras.Sequential(layers, name=name)
    model = keras.Sequential(name=name)
    for layer in layers:
        model.add(layer)
    return model


class _Maker:
    """Makes Keras's layers, each under a name that depends on the network alone.

    Keras's own names count every layer that the process has made.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._made: Counter[str] = Counter()

    def layer(self, layer: Layer) -> Any:
        return self._layer(layer, self._policy)

    def output(self, layer: Dense) -> Any:
        # Probabilities and numbers keep all their digits, whatever the layers before them compute in.
        return self._layer(layer, "float32")

    def apply(self, layers: Iterable[Layer], x: Any) -> Any:
        """Return what the layers make of `x`, a symbolic tensor [rows, ...]."""
        for layer in layers:
            x = self._residual(layer, x) if isinstance(layer, Residual) else self.layer(layer)(x)
        return x

    def _residual(self, block: Residual, x: Any) -> Any:
        made, shortcut = self.apply(block.layers, x), x
        if shortcut.shape != made.shape:
            shortcut = keras.layers.Conv2D(
                filters=made.shape[-1],
                kernel_size=1,
                strides=-(-shortcut.shape[1] // made.shape[1]),
                padding="same",
                use_bias=False,
                name=self._name("shortcut", None),
                dtype=self._policy,
            )(shortcut)
        add = keras.layers.Add(name=self._name("residual", block.name), dtype=self._policy)
        return add([shortcut, made])

    def _layer(self, layer: Layer, policy: str) -> Any:
        settings = layer.model_dump(exclude={"type", "name"}, exclude_none=True)
        name = self._name(layer.type, layer.name)
        return _CLASSES[layer.type](**settings, **_SCALED.get(layer.type, {}), name=name, dtype=policy)

    def _name(self, kind: str, given: str | None) -> str:
        if given is not None:
            return safe_name(given)
        self._made[kind] += 1
        return kind if self._made[kind] == 1 else f"{kind}_{self._made[kind] - 1}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
