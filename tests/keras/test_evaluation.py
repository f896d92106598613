"""Evaluation equals Keras's own `model.evaluate`, also where a model is confidently wrong."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, losses

from modiste.artifact import LossInfo
from modiste.metrics import Evaluation, Evaluator
from modiste.prepare.describe import output_specs, regularization_loss
from modiste.reading.compiled import read_compiled

ROWS, FEATURES, CLASSES = 150, 6, 4
RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(ROWS, FEATURES)).astype("float32")
NUMBERS = RANDOM.integers(0, CLASSES, ROWS)
ONE_HOT = np.eye(CLASSES, dtype="float32")[NUMBERS]
BITS = RANDOM.integers(0, 2, ROWS)
FLAGS = RANDOM.integers(0, 2, (ROWS, CLASSES))
VALUES = RANDOM.uniform(0.5, 3, (ROWS, 2)).astype("float32")


def network(units: int, activation: str | None, scale: float = 1.0) -> keras.Model:
    """A small network; a large `scale` makes it sure of itself, and wrong as often as right."""
    keras.utils.set_random_seed(5)
    last = layers.Dense(units, activation, kernel_initializer=keras.initializers.RandomNormal(0, scale))
    return keras.Sequential([keras.Input((FEATURES,)), layers.Dense(8, "tanh"), last])


def compare(
    model: keras.Model, loss: Any, labels: Any, metrics: list[str]
) -> tuple[dict[str, float], Evaluation]:
    """Evaluate with Keras, and with ours in three parts from what the model put out."""
    model.compile("sgd", loss, metrics=metrics)
    theirs = model.evaluate(X, labels, batch_size=40, verbose=0, return_dict=True)
    config = keras.saving.serialize_keras_object(model)["compile_config"]
    compiled = read_compiled(config).loss
    assert compiled is not None
    info = LossInfo(name=compiled.name, config=dict(compiled.config), weight=compiled.weight)
    evaluator = Evaluator(output_specs(model, info)[0].head, info, regularization_loss(model))
    outputs = np.asarray(model(X, training=False))
    for part in np.array_split(np.arange(ROWS), 3):
        evaluator.add(outputs[part], np.asarray(labels)[part])
    return theirs, evaluator.result()


@pytest.mark.parametrize(
    ("units", "activation", "loss", "labels"),
    [
        pytest.param(CLASSES, "softmax", "sparse_categorical_crossentropy", NUMBERS, id="sparse, softmax"),
        pytest.param(
            CLASSES,
            None,
            losses.SparseCategoricalCrossentropy(from_logits=True),
            NUMBERS,
            id="sparse, logits",
        ),
        pytest.param(
            CLASSES, "log_softmax", losses.SparseCategoricalCrossentropy(True), NUMBERS, id="log softmax"
        ),
        pytest.param(CLASSES, "softmax", "categorical_crossentropy", ONE_HOT, id="categorical, softmax"),
        pytest.param(
            CLASSES, None, losses.CategoricalCrossentropy(from_logits=True), ONE_HOT, id="categorical, logits"
        ),
        pytest.param(
            CLASSES,
            "softmax",
            losses.CategoricalCrossentropy(label_smoothing=0.1),
            ONE_HOT,
            id="smoothed, softmax",
        ),
        pytest.param(1, None, losses.BinaryCrossentropy(from_logits=True), BITS, id="binary, logit"),
        pytest.param(
            1,
            None,
            losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
            BITS,
            id="smoothed, logit",
        ),
        pytest.param(CLASSES, None, losses.BinaryCrossentropy(from_logits=True), FLAGS, id="several logits"),
    ],
)
def test_a_crossentropy_equals_kerass_where_the_model_is_confidently_wrong(
    units: int, activation: str | None, loss: Any, labels: Any
) -> None:
    theirs, ours = compare(network(units, activation, 12.0), loss, labels, [])
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("units", "labels"),
    [pytest.param(1, BITS, id="one sigmoid"), pytest.param(CLASSES, FLAGS, id="several sigmoids")],
)
@pytest.mark.parametrize(
    "loss", [losses.BinaryCrossentropy(), losses.BinaryCrossentropy(label_smoothing=0.1)]
)
def test_a_sigmoids_crossentropy_equals_kerass(units: int, labels: Any, loss: Any) -> None:
    theirs, ours = compare(network(units, "sigmoid"), loss, labels, [])
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-5)


def test_keras_does_not_clip_what_a_softmax_puts_out() -> None:
    model = network(CLASSES, "softmax", 12.0)
    theirs, ours = compare(model, "sparse_categorical_crossentropy", NUMBERS, [])
    true = np.asarray(model(X))[np.arange(ROWS), NUMBERS]
    assert true.min() < 1e-12  # so that clipping at 1e-7 would show
    clipped = -np.log(np.clip(true, 1e-7, 1)).mean()
    assert abs(clipped - theirs["loss"]) > 0.01
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-5)


def test_a_saturated_sigmoid_is_known_as_far_as_float32_tells() -> None:
    """A sigmoid near 1 has lost the digits that Keras, which sees the logit, still has."""
    theirs, ours = compare(network(1, "sigmoid", 3.0), "binary_crossentropy", BITS, [])
    assert theirs["loss"] > 1.5
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-3)


@pytest.mark.parametrize("loss", ["mse", "mae", "mape", "msle", "huber", "log_cosh", "poisson"])
def test_a_regression_loss_equals_kerass(loss: str) -> None:
    theirs, ours = compare(network(2, "softplus"), loss, VALUES, ["mae", "mse"])
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-5)
    assert ours.mean_absolute_error == pytest.approx(theirs["mae"], rel=1e-5)
    assert ours.mean_squared_error == pytest.approx(theirs["mse"], rel=1e-5)


@pytest.mark.parametrize(
    ("units", "activation", "loss", "labels", "metric"),
    [
        (CLASSES, "softmax", "sparse_categorical_crossentropy", NUMBERS, "accuracy"),
        (CLASSES, "softmax", "mse", ONE_HOT, "accuracy"),
        (CLASSES, "softmax", "kl_divergence", ONE_HOT, "accuracy"),
        (1, "sigmoid", "binary_crossentropy", BITS, "accuracy"),
        (CLASSES, "sigmoid", "binary_crossentropy", FLAGS, "binary_accuracy"),
    ],
)
def test_accuracy_equals_kerass(units: int, activation: str, loss: str, labels: Any, metric: str) -> None:
    theirs, ours = compare(network(units, activation), loss, labels, [metric])
    assert ours.accuracy == pytest.approx(theirs[metric], abs=1e-6)
    assert ours.loss == pytest.approx(theirs["loss"], rel=1e-5)


def test_a_loss_weight_is_part_of_the_loss() -> None:
    model = network(2, None)
    model.compile("sgd", "mse", loss_weights=0.25)
    theirs = model.evaluate(X, VALUES, verbose=0, return_dict=True)["loss"]
    compiled = read_compiled(keras.saving.serialize_keras_object(model)["compile_config"]).loss
    assert compiled is not None
    info = LossInfo(name=compiled.name, config=dict(compiled.config), weight=compiled.weight)
    evaluator = Evaluator(output_specs(model, info)[0].head, info)
    evaluator.add(np.asarray(model(X)), VALUES)
    assert evaluator.result().loss == pytest.approx(theirs, rel=1e-5)


def test_regularization_stands_apart_and_adds_up_to_kerass_loss() -> None:
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(8, "relu", kernel_regularizer="l2", bias_regularizer="l1"),
            layers.Dense(CLASSES, "softmax", kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02)),
        ]
    )
    theirs, ours = compare(model, "sparse_categorical_crossentropy", NUMBERS, [])
    assert ours.regularization_loss > 0.1
    assert ours.loss is not None
    assert ours.loss + ours.regularization_loss == pytest.approx(theirs["loss"], rel=1e-5)
