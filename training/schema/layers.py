"""The layers that a recipe may list. Types and settings are called as Keras calls them.

`training.model.network` builds each from its Keras class and these settings, so that a new layer is one
class here and one line there.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from training.schema.section import Section

Activation = Literal[
    "linear", "relu", "leaky_relu", "elu", "gelu", "swish", "sigmoid", "tanh", "softmax", "log_softmax"
]
LayerName = Annotated[str | None, Field(min_length=1, max_length=128)]
Count = Annotated[int, Field(ge=1, le=2**20)]
Share = Annotated[float, Field(ge=0, lt=1)]
Padding = Literal["same", "valid"]
Initializer = Literal["glorot_uniform", "he_normal", "he_uniform", "lecun_normal"]


class LayerSection(Section):
    """What every layer has: a name of its own, if it wants one."""

    name: LayerName = None


class Flatten(LayerSection):
    """Lay the axes of one image end to end."""

    type: Literal["flatten"]


class Reshape(LayerSection):
    """Give one image another shape, as grey images need that convolutions look for a channel in."""

    type: Literal["reshape"]
    target_shape: tuple[int, ...] = Field(strict=False)


class Dense(LayerSection):
    """Weighted sums of all inputs, then the activation."""

    type: Literal["dense"]
    units: Count
    activation: Activation = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"


class Conv2D(LayerSection):
    """Weighted sums of each place's neighbourhood, then the activation."""

    type: Literal["conv2d"]
    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Padding = "same"
    activation: Activation = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"


class DepthwiseConv2D(LayerSection):
    """Weighted sums of each place's neighbourhood, within each channel alone."""

    type: Literal["depthwise_conv2d"]
    kernel_size: Count
    strides: Count = 1
    padding: Padding = "same"
    activation: Activation = "linear"
    use_bias: bool = True


class SeparableConv2D(LayerSection):
    """A depthwise convolution, then one across the channels."""

    type: Literal["separable_conv2d"]
    filters: Count
    kernel_size: Count
    strides: Count = 1
    padding: Padding = "same"
    activation: Activation = "linear"
    use_bias: bool = True


class MaxPooling2D(LayerSection):
    """The largest of each window."""

    type: Literal["max_pooling2d"]
    pool_size: Count = 2


class AveragePooling2D(LayerSection):
    """The mean of each window."""

    type: Literal["average_pooling2d"]
    pool_size: Count = 2


class GlobalAveragePooling2D(LayerSection):
    """The mean of each channel."""

    type: Literal["global_average_pooling2d"]


class GlobalMaxPooling2D(LayerSection):
    """The largest of each channel."""

    type: Literal["global_max_pooling2d"]


class BatchNormalization(LayerSection):
    """Each channel scaled by its batch's mean and variance, and by their running means when served."""

    type: Literal["batch_normalization"]
    momentum: Share = 0.99


class LayerNormalization(LayerSection):
    """Each image's last axis scaled by its own mean and variance."""

    type: Literal["layer_normalization"]


class ActivationLayer(LayerSection):
    """An activation on its own, as between a normalisation and what follows it."""

    type: Literal["activation"]
    activation: Activation


class Dropout(LayerSection):
    """Drop this share of the inputs at random, while training only."""

    type: Literal["dropout"]
    rate: Share


class SpatialDropout2D(LayerSection):
    """Drop this share of whole channels at random, while training only."""

    type: Literal["spatial_dropout2d"]
    rate: Share


class RandomFlip(LayerSection):
    """Mirror images at random, while training only."""

    type: Literal["random_flip"]
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal"


class RandomTranslation(LayerSection):
    """Shift images at random by up to these shares of their size, while training only."""

    type: Literal["random_translation"]
    height_factor: Share
    width_factor: Share
    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = "constant"
    interpolation: Literal["nearest", "bilinear"] = "bilinear"


class RandomRotation(LayerSection):
    """Turn images at random by up to this share of a full turn, while training only."""

    type: Literal["random_rotation"]
    factor: Share
    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = "constant"


class RandomZoom(LayerSection):
    """Enlarge or shrink images at random by up to this share, while training only."""

    type: Literal["random_zoom"]
    height_factor: Share
    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = "constant"


class RandomErasing(LayerSection):
    """Blank a rectangle of images at random, while training only (Zhong et al. 2017)."""

    type: Literal["random_erasing"]
    factor: Annotated[float, Field(ge=0, le=1)] = 1.0
    scale: tuple[float, float] = Field(default=(0.02, 0.33), strict=False)
    fill_value: float | None = None

    @field_validator("scale")
    @classmethod
    def _shares_in_order(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= scale[0] <= scale[1] <= 1:
            raise ValueError(
                f"it is {list(scale)}; expected two shares of the image from 0 to 1, the smaller one first"
            )
        return scale


class GaussianNoise(LayerSection):
    """Add noise of this standard deviation, while training only."""

    type: Literal["gaussian_noise"]
    stddev: Annotated[float, Field(gt=0)]


class Residual(LayerSection):
    """What goes in is added to what these layers make of it (He et al. 2015).

    Where the shapes differ, what goes in passes a 1x1 convolution first, strided as they are.
    """

    type: Literal["residual"]
    layers: tuple["Layer", ...] = Field(strict=False, min_length=1)


Layer = Annotated[
    Flatten
    | Reshape
    | Dense
    | Conv2D
    | DepthwiseConv2D
    | SeparableConv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | GlobalMaxPooling2D
    | BatchNormalization
    | LayerNormalization
    | ActivationLayer
    | Dropout
    | SpatialDropout2D
    | RandomFlip
    | RandomTranslation
    | RandomRotation
    | RandomZoom
    | RandomErasing
    | GaussianNoise
    | Residual,
    Field(discriminator="type"),
]
Residual.model_rebuild()
