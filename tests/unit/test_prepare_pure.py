"""The parts of preparing that need no Keras: heads, and the configuration as it is served."""

from pathlib import Path
from typing import Any

import pytest

from modiste.artifact import Head, LossInfo
from modiste.prepare import PrepareFailed
from modiste.prepare.heads import head_of
from modiste.prepare.keras_version import OLDEST, check_keras
from modiste.prepare.serving_config import serving_config

LOGITS = {"from_logits": True}


@pytest.mark.parametrize(
    ("activation", "units", "loss", "head"),
    [
        ("softmax", 10, None, Head.SOFTMAX),
        ("softmax", 10, LossInfo(name="SparseCategoricalCrossentropy", config=LOGITS), Head.SOFTMAX),
        ("log_softmax", 10, None, Head.LOGITS),
        ("linear", 10, LossInfo(name="SparseCategoricalCrossentropy", config=LOGITS), Head.LOGITS),
        (None, 10, LossInfo(name="CategoricalCrossentropy", config=LOGITS), Head.LOGITS),
        ("linear", 10, LossInfo(name="SparseCategoricalCrossentropy"), Head.REGRESSION),
        ("sigmoid", 1, None, Head.SIGMOID),
        ("sigmoid", 5, LossInfo(name="BinaryCrossentropy"), Head.MULTI_LABEL),
        ("linear", 1, LossInfo(name="BinaryCrossentropy", config=LOGITS), Head.LOGIT),
        ("linear", 5, LossInfo(name="BinaryCrossentropy", config=LOGITS), Head.MULTI_LABEL_LOGITS),
        ("linear", 1, LossInfo(name="MeanSquaredError"), Head.REGRESSION),
        ("relu", 3, None, Head.REGRESSION),
    ],
)
def test_a_head_is_told_from_activation_units_and_loss(
    activation: str | None, units: int, loss: LossInfo | None, head: Head
) -> None:
    assert head_of(activation, units, loss) is head


@pytest.mark.parametrize("version", ["3.15.1", "3.16.0", "4.0.0.dev2026", "3.15.10", "10.0.0rc1"])
def test_a_keras_that_runs_no_code_may_load_a_file(version: str) -> None:
    check_keras(version)


@pytest.mark.parametrize("version", ["3.15.0", "3.8.0", "2.15.1", "unknown"])
def test_an_older_keras_is_not_given_a_file(version: str) -> None:
    with pytest.raises(PrepareFailed, match=r"unavailable: .*3\.15\.1 or later"):
        check_keras(version)


def test_the_oldest_keras_is_the_one_that_is_required_to_be_installed() -> None:
    stated = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert stated.count('"keras>=' + ".".join(map(str, OLDEST)) + '"') == stated.count('"keras>=') == 2


def model(*layers: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Functional",
        "config": {"name": "m", "layers": list(layers), **settings},
    }


def test_what_needs_no_change_is_not_changed() -> None:
    config = model({"class_name": "Dense", "config": {"name": "dense_1", "dtype": "float32"}})
    changed, changes = serving_config(config)
    assert changed == config
    assert changes.comparable
    assert changes.notes() == ()


def test_a_name_is_changed_wherever_it_is_referred_to() -> None:
    config = model(
        {"class_name": "Dense", "name": "한 글", "config": {"name": "한 글"}},
        {"class_name": "Dense", "inbound_nodes": [{"args": [{"keras_history": ["한 글", 0, 0]}]}]},
        output_layers=[["한 글", 0, 0]],
        input_layers={"x": ["한 글", 0, 0]},
    )
    changed, changes = serving_config(config)
    assert "한" not in str(changed)
    assert str(changed).count(changed["config"]["output_layers"][0][0]) == 5
    assert changes.renamed == {"한 글"}
    assert "한" in str(config)  # what was given is not touched


@pytest.mark.parametrize("training", [None, False, True])
def test_augmentation_becomes_identity_and_keeps_its_place(training) -> None:
    node = {"args": [{"keras_history": ["a", 0, 0]}], "kwargs": {"training": training}}
    flip = {
        "module": "keras.layers",
        "class_name": "RandomFlip",
        "config": {"name": "f"},
        "inbound_nodes": [node],
    }
    changed, changes = serving_config(model(flip))
    (identity,) = changed["config"]["layers"]
    assert (identity["class_name"], identity["name"], identity["config"]["name"]) == ("Identity", "f", "f")
    assert identity["inbound_nodes"][0]["args"] == node["args"]
    assert changes.dropped == ["RandomFlip"]


def test_other_floats_fixed_batches_and_state_are_lifted() -> None:
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    config = model(
        {"class_name": "InputLayer", "config": {"batch_shape": [8, 4], "dtype": "float16"}},
        {"class_name": "LSTM", "config": {"dtype": policy, "stateful": True}},
    )
    changed, changes = serving_config(config)
    first, second = (layer["config"] for layer in changed["config"]["layers"])
    assert first == {"batch_shape": [None, 4], "dtype": "float32"}
    assert second["dtype"]["config"] == {"name": "float32"}
    assert second["stateful"] is False
    assert not changes.comparable
    assert len(changes.notes()) == 3


def test_integers_stay_integers() -> None:
    config = model({"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "dtype": "uint8"}})
    assert serving_config(config)[0] == config
