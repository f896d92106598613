"""Ordinary models do not suffer: every kind of built-in layer is read, loaded safely and answers as before."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers

from modiste.prepare.loading import load_for_serving
from modiste.reading.allow_list import IDENTITY_AT_INFERENCE

Make = Callable[[], Model]

VECTOR, SEQUENCE, TOKENS, IMAGE, VOLUME = (12,), (8, 6), (8,), (12, 12, 3), (6, 6, 6, 2)

PLAIN = {
    VECTOR: [
        lambda: layers.Dense(4, "gelu", kernel_regularizer="l2", kernel_constraint="max_norm"),
        lambda: layers.Dense(4, kernel_initializer="he_normal", bias_initializer="ones", use_bias=True),
        lambda: layers.EinsumDense("ab,bc->ac", output_shape=5, bias_axes="c"),
        lambda: layers.Activation("hard_sigmoid"),
        lambda: layers.ActivityRegularization(0.1),
        lambda: layers.Dropout(0.5),
        lambda: layers.AlphaDropout(0.5),
        lambda: layers.GaussianDropout(0.5),
        lambda: layers.GaussianNoise(0.5),
        lambda: layers.Identity(),
        lambda: layers.ELU(),
        lambda: layers.LeakyReLU(0.2),
        lambda: layers.PReLU(),
        lambda: layers.ReLU(max_value=6),
        lambda: layers.Softmax(),
        lambda: layers.BatchNormalization(),
        lambda: layers.LayerNormalization(),
        lambda: layers.RMSNormalization(),
        lambda: layers.UnitNormalization(),
        lambda: layers.GroupNormalization(3),
        lambda: layers.Normalization(mean=[0.5] * 12, variance=[2.0] * 12),
        lambda: layers.Rescaling(1 / 255, offset=-1),
        lambda: layers.Reshape((3, 4)),
        lambda: layers.RepeatVector(3),
        lambda: layers.Discretization(bin_boundaries=[0.2, 0.6]),
        lambda: layers.SpectralNormalization(layers.Dense(3)),
    ],
    SEQUENCE: [
        lambda: layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
        lambda: layers.SeparableConv1D(4, 3),
        lambda: layers.DepthwiseConv1D(3),
        lambda: layers.Conv1DTranspose(4, 3),
        lambda: layers.MaxPooling1D(),
        lambda: layers.AveragePooling1D(2),
        lambda: layers.GlobalMaxPooling1D(),
        lambda: layers.GlobalAveragePooling1D(),
        lambda: layers.SpatialDropout1D(0.5),
        lambda: layers.UpSampling1D(2),
        lambda: layers.ZeroPadding1D(1),
        lambda: layers.Cropping1D(1),
        lambda: layers.Permute((2, 1)),
        lambda: layers.Flatten(),
        lambda: layers.Masking(0.0),
        lambda: layers.SimpleRNN(4),
        lambda: layers.LSTM(4, return_sequences=True, go_backwards=True),
        lambda: layers.GRU(4, reset_after=False),
        lambda: layers.RNN(layers.LSTMCell(4)),
        lambda: layers.RNN([layers.GRUCell(4), layers.SimpleRNNCell(3)]),
        lambda: layers.Bidirectional(layers.LSTM(4), merge_mode="sum"),
        lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        lambda: layers.TimeDistributed(layers.Dense(3, "tanh")),
    ],
    TOKENS: [lambda: layers.Embedding(12, 4), lambda: layers.Embedding(12, 4, mask_zero=True)],
    IMAGE: [
        lambda: layers.Conv2D(4, 3, strides=2, activation="swish"),
        lambda: layers.Conv2D(6, 3, groups=3, padding="same"),
        lambda: layers.SeparableConv2D(4, 3),
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        lambda: layers.Conv2DTranspose(4, 3),
        lambda: layers.MaxPooling2D(),
        lambda: layers.AveragePooling2D(2),
        lambda: layers.GlobalMaxPooling2D(keepdims=True),
        lambda: layers.GlobalAveragePooling2D(),
        lambda: layers.SpatialDropout2D(0.5),
        lambda: layers.UpSampling2D(2, interpolation="bilinear"),
        lambda: layers.ZeroPadding2D(1),
        lambda: layers.Cropping2D(1),
        lambda: layers.Resizing(8, 8),
        lambda: layers.CenterCrop(8, 8),
    ],
    VOLUME: [
        lambda: layers.Conv3D(3, 3),
        lambda: layers.Conv3DTranspose(3, 3),
        lambda: layers.MaxPooling3D(),
        lambda: layers.AveragePooling3D(2),
        lambda: layers.GlobalMaxPooling3D(),
        lambda: layers.GlobalAveragePooling3D(),
        lambda: layers.UpSampling3D(2),
        lambda: layers.ZeroPadding3D(1),
        lambda: layers.Cropping3D(1),
        lambda: layers.ConvLSTM2D(2, 3),
    ],
}  # fmt: skip

AUGMENTING = {
    "AugMix": {}, "RandAugment": {}, "RandomBrightness": {"factor": 0.2}, "RandomContrast": {"factor": 0.2},
    "RandomFlip": {}, "RandomRotation": {"factor": 0.1}, "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1}, "RandomErasing": {}, "RandomGrayscale": {}, "RandomShear": {},
}  # fmt: skip

MERGES = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract", "Dot"]
ATTENTIONS = {
    "Attention": lambda x: layers.Attention()([x, x]),
    "AdditiveAttention": lambda x: layers.AdditiveAttention()([x, x]),
    "MultiHeadAttention": lambda x: layers.MultiHeadAttention(2, 4)(x, x),
    "GroupQueryAttention": lambda x: layers.GroupQueryAttention(4, 2, 1)(x, x),
}


def named(make: Callable[[], keras.Layer]) -> str:
    """The class of the layer that a lambda makes, without making it: the first name after `layers`."""
    return make.__code__.co_names[1]


def of_layer(shape: tuple[int, ...], layer: keras.Layer) -> Model:
    return Sequential([Input(shape), layer])


def merged(name: str) -> Model:
    inputs = Input(VECTOR)
    settings = {"axes": 1} if name == "Dot" else {}
    layer = getattr(layers, name)(**settings)
    return Model(inputs, layer([layers.Dense(4)(inputs), layers.Dense(4)(inputs)]))


def attending(name: str) -> Model:
    inputs = Input(SEQUENCE)
    return Model(inputs, ATTENTIONS[name](inputs))


def unet() -> Model:
    inputs = Input(IMAGE)
    down = layers.MaxPooling2D()(layers.Conv2D(4, 3, padding="same", activation="relu")(inputs))
    up = layers.UpSampling2D()(layers.Conv2D(8, 3, padding="same")(down))
    return Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(layers.Concatenate()([inputs, up])))


def shared_and_nested() -> Model:
    inner = Sequential([Input((6,)), layers.Dense(6, "relu"), layers.Dropout(0.1)], name="inner")
    inputs = Input((6,))
    return Model(inputs, layers.Dense(2, "softmax")(inner(inner(inputs)) + inputs))


PLAIN_CASES = [(shape, make) for shape, makes in PLAIN.items() for make in makes]
MODELS: list[tuple[str, Make]] = [
    *((named(make), lambda shape=shape, make=make: of_layer(shape, make())) for shape, make in PLAIN_CASES),
    *((f"merge {name}", lambda name=name: merged(name)) for name in MERGES),
    *((f"attention {name}", lambda name=name: attending(name)) for name in ATTENTIONS),
    *(
        (f"augmentation {name}", lambda name=name, settings=settings: of_layer(IMAGE, getattr(layers, name)(**settings)))
        for name, settings in AUGMENTING.items()
    ),
    ("unet", unet),
    ("shared and nested", shared_and_nested),
]  # fmt: skip


@pytest.mark.parametrize("make", [make for _, make in MODELS], ids=[name for name, _ in MODELS])
def test_a_model_of_built_in_layers_is_loaded_safely_and_answers_as_before(
    make: Make, tmp_path: Path
) -> None:
    model = make()
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = load_for_serving(path)
    random = np.random.default_rng(0)
    shape = (3, *model.inputs[0].shape[1:])
    rows = random.integers(0, 12, shape) if shape[1:] == TOKENS else random.random(shape)
    rows = rows.astype("float32")
    np.testing.assert_allclose(
        np.asarray(loaded(rows, training=False)), np.asarray(model(rows, training=False)), atol=1e-5
    )


def test_the_augmentations_tried_are_built_in_ones() -> None:
    assert set(AUGMENTING) <= IDENTITY_AT_INFERENCE
