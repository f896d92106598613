"""Training on real images with real Keras: what is built, what is kept, and when it stops."""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from training_data import layers, small_dataset, small_recipe

from training.catalog import read_recipe, shipped_recipes
from training.errors import NonFiniteLossError, RecipeError
from training.compilation import compile_model
from training.fit import fit
from training.network import build
from training.partition import Partition, hold_out
from training.train import train_on


@pytest.fixture(scope="module")
def dataset():
    return small_dataset()


@pytest.fixture(scope="module")
def trained(dataset):
    return train_on(dataset, small_recipe(fit={"epochs": 4}))


@pytest.fixture(scope="module")
def part(dataset) -> Partition:
    return hold_out(dataset.train.x, dataset.train.y.astype(np.int64), 0.2, 42)


def compiled(recipe):
    model = build(recipe, (28, 28), 10)
    compile_model(model, recipe, 20)
    return model


def parameters(name: str) -> int:
    return build(read_recipe(name), (28, 28), 10).count_params()


def test_the_networks_of_the_course_have_the_parameters_of_the_course():
    counts = {name: parameters(name) for name in shipped_recipes()}
    assert counts == {
        "fashion-one-layer": 7_850,
        "fashion-relu": 79_510,
        "fashion-dropout": 79_510,
        "fashion-mlp": 79_510,
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"name": "sgd", "momentum": 0.9, "nesterov": True},
            {"momentum": 0.9, "nesterov": True, "learning_rate": 0.01},
        ),
        ({"name": "adagrad", "learning_rate": 0.5}, {"learning_rate": 0.5}),
        ({"name": "rmsprop"}, {"rho": 0.9, "learning_rate": 0.001}),
        ({"name": "adam", "learning_rate": 0.0005}, {"learning_rate": 0.0005, "beta_2": 0.999}),
    ],
    ids=["sgd", "adagrad", "rmsprop", "adam"],
)
def test_every_optimizer_is_built_with_its_settings(settings, expected):
    optimizer = build(small_recipe(optimizer=settings), (28, 28), 10).optimizer
    config = optimizer.get_config()
    assert type(optimizer).__name__.lower() == settings["name"]
    assert {name: pytest.approx(config[name]) for name in expected} == expected


def test_pixels_are_scaled_inside_the_model(dataset):
    model = build(small_recipe(), (28, 28), 10)
    images = dataset.test.x[:5]
    hidden, output = (layer.get_weights() for layer in model.layers if layer.get_weights())
    flat = images.reshape(5, 784) / 255
    logits = np.maximum(flat @ hidden[0] + hidden[1], 0) @ output[0] + output[1]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(model.predict(images, verbose=0), expected, atol=1e-5)


def test_an_output_that_does_not_fit_the_classes_is_a_mistake_of_the_recipe():
    with pytest.raises(RecipeError, match="the last layer has 7 units; fashion_mnist has 10 classes"):
        build(small_recipe(network={"layers": layers(units=7)}), (28, 28), 10)


def test_validation_data_are_those_that_scikit_learn_holds_out(dataset):
    found = hold_out(dataset.train, 0.2, 42)
    expected = train_test_split(dataset.train.x, dataset.train.y, test_size=0.2, random_state=42)
    for array, other in zip(
        (found.x_train, found.x_validation, found.y_train, found.y_validation), expected, strict=True
    ):
        assert np.array_equal(array, other)


def test_the_loss_falls_and_the_whole_test_set_is_evaluated(dataset, trained):
    losses = trained.history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    assert trained.evaluation.accuracy > 0.6
    assert trained.evaluation.confusion().sum() == len(dataset.test.x)
    correct = (trained.evaluation.predicted == dataset.test.y).mean()
    assert trained.evaluation.accuracy == pytest.approx(correct)
    assert (trained.epochs_run, trained.best_epoch) == (4, 4)


def test_logits_become_probabilities_for_the_report(dataset):
    recipe = small_recipe(network={"layers": layers(activation="linear")}, loss={"from_logits": True})
    evaluation = train_on(dataset, recipe).evaluation
    assert np.allclose(evaluation.probabilities.sum(axis=1), 1, atol=1e-5)
    assert evaluation.accuracy == pytest.approx((evaluation.predicted == dataset.test.y).mean())


def test_the_best_epoch_is_what_is_kept_and_patience_ends_the_run(dataset):
    # A rate this high makes the validation loss jump, so that the last epoch is not the best one.
    recipe = small_recipe(
        fit={"epochs": 30},
        optimizer={"name": "adam", "learning_rate": 0.03},
        checkpoint={},
        early_stopping={"patience": 2},
    )
    trained = train_on(dataset, recipe)
    losses = trained.history["val_loss"]
    assert trained.epochs_run < 30
    assert trained.best_epoch == trained.epochs_run - 2
    held = hold_out(dataset.train, 0.2, 42)
    found = trained.model.evaluate(held.x_validation, held.y_validation, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize("table", ["checkpoint", "early_stopping"])
def test_each_way_to_keep_the_best_epoch_does_so_alone(dataset, table):
    settings = {"monitor": "val_accuracy"} | ({"patience": 20} if table == "early_stopping" else {})
    recipe = small_recipe(
        fit={"epochs": 6}, optimizer={"name": "adam", "learning_rate": 0.03}, **{table: settings}
    )
    trained = train_on(dataset, recipe)
    held = hold_out(dataset.train, 0.2, 42)
    found = trained.model.evaluate(held.x_validation, held.y_validation, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(max(trained.history["val_accuracy"]), abs=1e-6)
    assert trained.history["val_accuracy"][trained.best_epoch - 1] == max(trained.history["val_accuracy"])


def test_one_seed_gives_one_result(dataset, trained):
    again = train_on(dataset, small_recipe(fit={"epochs": 1}))
    other = train_on(dataset, small_recipe(fit={"epochs": 1}, seed=7))
    assert again.history["loss"][0] == pytest.approx(trained.history["loss"][0], rel=1e-5)
    assert other.history["loss"][0] != pytest.approx(trained.history["loss"][0], rel=1e-3)


def test_a_loss_that_is_no_number_ends_the_run_and_says_where(dataset):
    recipe = small_recipe(
        network={"layers": layers(activation="linear")},
        loss={"from_logits": True},
        optimizer={"name": "sgd", "learning_rate": 1e30},
    )
    with pytest.raises(
        NonFiniteLossError, match=r"loss became (nan|inf) in epoch 1.*optimizer\.learning_rate"
    ):
        train_on(dataset, recipe)


def test_the_validation_loss_must_be_a_number_too(dataset):
    # No hidden layer: TensorFlow's ReLU makes a zero of a NaN.
    recipe = small_recipe(network={"layers": [layers()[0], layers()[2]]})
    part = hold_out(dataset.train, 0.2, 42)
    unusable = np.full(part.x_validation.shape, np.nan, np.float32)
    spoiled = dataclasses.replace(part, x_validation=unusable)
    with pytest.raises(NonFiniteLossError, match="val_loss became nan in epoch 1"):
        fit(build(recipe, (28, 28), 10), recipe, spoiled)


def test_each_epoch_is_a_line_where_the_output_is_no_terminal(dataset, capsys):
    train_on(dataset, small_recipe(fit={"epochs": 2}))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert all("val_accuracy" in line for line in lines)


def test_ctrl_c_ends_a_fit_and_leaves_no_temporary_file(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recipe = small_recipe(fit={"epochs": 100_000}, checkpoint={})

    def interrupt_after_the_first_epoch() -> None:
        while not list(tmp_path.glob("*/best.keras")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    watcher = threading.Thread(target=interrupt_after_the_first_epoch, daemon=True)
    watcher.start()
    with pytest.raises(KeyboardInterrupt):
        fit(build(recipe, (28, 28), 10), recipe, hold_out(dataset.train, 0.2, 42))
    watcher.join()
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_one_line_and_publishes_nothing(tmp_path, number):
    arguments = ["train", "fashion-mlp", "--artifacts", str(tmp_path / "artifacts")]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "modiste", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Starting Keras")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "Stopped. No half-made version is left behind.\n"
    assert not (tmp_path / "artifacts").exists()


def test_a_download_that_fails_says_what_failed(tmp_path):
    script = (
        "from training.download import download_with_keras\n"
        "from modiste.datasets import DatasetError\n"
        "try: download_with_keras('fashion_mnist')\n"
        "except DatasetError as error: print(error)\n"
    )
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {"KERAS_HOME": str(tmp_path), "https_proxy": nowhere, "http_proxy": nowhere}
    result = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert "keras.datasets.fashion_mnist failed: " in result.stdout
