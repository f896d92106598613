"""Losses, optimizers and metrics, read as data in every form that Keras has written them in."""

from typing import Any

import pytest

from modiste.reading.compiled import Compiled, read_compiled

CROSSENTROPY = {
    "module": "keras.losses",
    "class_name": "SparseCategoricalCrossentropy",
    "config": {"from_logits": True},
    "registered_name": None,
}


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("mse", "MeanSquaredError"),
        ("MAE", "MeanAbsoluteError"),
        ("mean_squared_error", "MeanSquaredError"),
        ("kl_divergence", "KLDivergence"),
        ("log_cosh", "LogCosh"),
        ("Huber", "Huber"),
        (CROSSENTROPY, "SparseCategoricalCrossentropy"),
        ({"class_name": "function", "config": "binary_crossentropy"}, "BinaryCrossentropy"),
        ([["mse"], "mae"], "MeanSquaredError"),
        ({"first": CROSSENTROPY, "second": "mae"}, "SparseCategoricalCrossentropy"),
    ],
    ids=str,
)
def test_a_loss_is_known_by_its_class(loss: Any, name: str) -> None:
    found = read_compiled({"loss": loss}).loss
    assert found is not None
    assert found.name == name
    assert found.weight == 1.0


def test_settings_and_weights_come_along() -> None:
    found = read_compiled({"loss": CROSSENTROPY, "loss_weights": [0.5]}).loss
    assert found is not None
    assert found.config == {"from_logits": True}
    assert found.weight == 0.5


@pytest.mark.parametrize(
    "config", [None, {}, [], "x", {"loss": None}, {"loss": []}, {"loss": 3}, {"loss": {}}], ids=str
)
def test_nothing_known_is_nothing_said(config: Any) -> None:
    assert read_compiled(config) == Compiled()


def test_optimizer_and_metrics_in_both_layouts() -> None:
    adam = {"class_name": "Adam", "config": {"learning_rate": 0.1}}
    top3 = {"class_name": "TopKCategoricalAccuracy", "config": {"name": "top3", "k": 3}}
    expected = Compiled(optimizer="Adam", metrics=("accuracy", "top3"))
    assert read_compiled({"optimizer": adam, "metrics": ["accuracy", top3, "accuracy"]}) == expected
    assert read_compiled({"optimizer_config": adam, "metrics": {"y": [["accuracy"], top3]}}) == expected
