"""Training where Keras and JAX are and nothing of TensorFlow's: stopped, gone on with, published unprepared."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_without_tensorflow import HIDDEN, ROOT
from training_data import small_dataset
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.artifact import KERAS, METADATA, ONNX, SUMMARY, Metadata, Summary, folder_sha256
from service.settings import Settings
from tests.http.conftest import Client
from training.catalog import read_recipe

# JAX compiles for a good part of a minute on two cores.
pytestmark = pytest.mark.timeout(900)

# Small, with every kind of layer and setting that the recipes meant for a GPU have.
RECIPE = """
description = "Small and convolutional."
model = "small"

[data]
dataset = {data!r}

[network]
spelling = "functional"
layers = [
  {{ type = "reshape", target_shape = [28, 28, 1] }},
  {{ type = "random_flip", mode = "horizontal" }},
  {{ type = "random_translation", height_factor = 0.08, width_factor = 0.08, interpolation = "nearest" }},
  {{ type = "random_erasing", factor = 0.5, scale = [0.02, 0.3], fill_value = 0.0 }},
  {{ type = "conv2d", filters = 4, kernel_size = 3, strides = 2, kernel_initializer = "he_normal" }},
  {{ type = "max_pooling2d" }},
  {{ type = "activation", activation = "relu" }},
  {{ type = "residual", layers = [
    {{ type = "conv2d", filters = 8, kernel_size = 3, strides = 2, use_bias = false }},
    {{ type = "batch_normalization", momentum = 0.9 }},
  ] }},
  {{ type = "global_average_pooling2d" }},
  {{ type = "dropout", rate = 0.1 }},
  {{ type = "dense", units = 10, activation = "softmax" }},
]

[loss]
name = "categorical_crossentropy"
label_smoothing = 0.1

[optimizer]
name = "sgd"
learning_rate = 0.1
momentum = 0.9
nesterov = true
weight_decay = 0.005
schedule = {{ name = "cosine_decay", warmup_epochs = 1 }}

[fit]
epochs = 4
precision = "mixed_bfloat16"

[checkpoint]
"""

# Keras itself would run each step of such a model operation by operation, which takes a hundred times as long.
COMPILED = """
import numpy as np
from training.catalog import read_recipe
from training.model.compilation import compile_model
from training.model.network import build

moving = (
    {"type": "random_translation", "height_factor": 0.1, "width_factor": 0.1},
    {"type": "random_rotation", "factor": 0.1},
    {"type": "random_zoom", "height_factor": 0.1},
)
recipe = read_recipe("fashion-one-layer", {"network.layers": [
    {"type": "reshape", "target_shape": [28, 28, 1]},
    *moving,
    {"type": "flatten"},
    {"type": "dense", "units": 10, "activation": "softmax"},
]})
model = build(recipe, (28, 28), 10)
compile_model(model, recipe, 2)
model.fit(np.zeros((64, 28, 28), np.uint8), np.zeros(64, np.int64), batch_size=32, verbose=0)
print("compiled:", model.jit_compile)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("jax")
    (folder / "sitecustomize.py").write_text(HIDDEN)
    data = small_dataset()
    parts = {
        f"{part}_{split.name}": getattr(split, part)[:160]
        for split in (data.train, data.test)
        for part in "xy"
    }
    np.savez(folder / "clothes.npz", **parts)
    (folder / "small.toml").write_text(RECIPE.format(data=str(folder / "clothes.npz")))
    return folder


def train(folder: Path, place: str, *options: str) -> subprocess.Popen:
    environment = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "JAX_PLATFORMS": "cpu"}
    bare = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    places = ["--artifacts", folder / place / "artifacts", "--runs", folder / place / "runs"]
    command = [sys.executable, "-u", "-m", "modiste", "train", folder / "small.toml", *places, *options]
    return subprocess.Popen(command, env=bare | environment, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> str:
    said, _ = process.communicate(timeout=800)
    assert process.returncode == 0
    return said


@pytest.fixture(scope="module")
def said(folder) -> str:
    return finish(train(folder, "whole"))


@pytest.fixture(scope="module")
def version(folder, said) -> Path:
    return folder / "whole" / "artifacts" / "small" / "1"


def history(version: Path) -> dict:
    found = Metadata.read(version / METADATA).history
    return {name: values for name, values in found.items() if name != "seconds"}


@pytest.mark.parametrize("name", ["fashion-conv", "fashion-residual"])
def test_what_the_shipped_networks_are_made_of_is_tried_here(folder, name):
    tried = read_recipe(folder / "small.toml")
    assert kinds(read_recipe(name).network.layers) <= kinds(tried.network.layers)


def kinds(layers) -> set[str]:
    inner = [kinds(layer.layers) for layer in layers if layer.type == "residual"]
    return {layer.type for layer in layers}.union(*inner)


def test_it_is_published_unprepared_and_whole(version, said):
    metadata = Metadata.read(version / METADATA)
    assert "jax" in metadata.libraries and "tensorflow" not in metadata.libraries
    assert not (version / ONNX).exists() and not (version / SUMMARY).exists()
    assert (version / "report" / "model-card.md").is_file()
    assert "Publishing unprepared: TensorFlow is not installed" in said


def test_a_copy_is_completed_where_tensorflow_is_and_served(folder, version, tmp_path):
    copy = tmp_path / "artifacts" / "small" / "1"
    shutil.copytree(version, copy)
    result = CliRunner().invoke(app, ["prepare", str(copy / KERAS)])
    assert result.exit_code == 0, result.output
    summary = Summary.read(copy / SUMMARY)
    assert summary.engine == "onnx" and summary.parity is not None and summary.parity.agrees
    assert Metadata.read(copy / METADATA).sha256 == folder_sha256(copy)
    client = Client(Settings(artifacts_dir=tmp_path / "artifacts", state_dir=tmp_path / "state"))
    try:
        with np.load(folder / "clothes.npz") as data:
            answer = client.post("/models/small/predict", json={"instances": data["x_test"][:1].tolist()})
    finally:
        client.close()
    assert answer.status_code == 200, answer.text
    (prediction,) = answer.json()["predictions"]
    assert len(prediction["probabilities"]) == 10


def test_a_step_is_compiled_also_with_layers_that_keras_has_not_compiled(folder):
    environment = {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
    }
    command = [sys.executable, "-W", "error::UserWarning", "-c", COMPILED]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "compiled: True\n"), done.stderr


def test_a_backend_that_is_asked_for_and_missing_is_named(folder):
    environment = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "KERAS_BACKEND": "tensorflow"}
    command = [sys.executable, "-m", "modiste", "train", folder / "small.toml"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "KERAS_BACKEND is tensorflow, which is not installed here; jax is." in done.stdout + done.stderr
    assert not (folder / "runs").exists()


@pytest.mark.long
def test_a_run_killed_between_two_epochs_ends_there_as_one_that_never_was(folder, version):
    with train(folder, "killed") as process:
        for line in process.stdout:
            if line.startswith("epoch  2/4"):
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    said = finish(train(folder, "killed", "--resume"))
    assert "goes on after epoch" in said
    assert history(folder / "killed" / "artifacts" / "small" / "1") == history(version)
    assert (
        json.loads((folder / "killed" / "runs" / "small" / "1" / "run.json").read_text())["backend"] == "jax"
    )
