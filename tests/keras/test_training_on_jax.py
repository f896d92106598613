"""Training where Keras and JAX are and nothing of TensorFlow's: stopped, gone on with, published unprepared."""

import json
import os
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
from modiste.artifact import KERAS, METADATA, ONNX, SUMMARY, Metadata, Summary

# JAX compiles random layers for a minute or more on two cores.
pytestmark = pytest.mark.timeout(900)

RECIPE = """
description = "Small and convolutional."
model = "small"

[data]
dataset = {data!r}

[network]
spelling = "functional"
layers = [
  {{ type = "reshape", target_shape = [28, 28, 1] }},
  {{ type = "random_flip" }},
  {{ type = "conv2d", filters = 4, kernel_size = 3, strides = 4, activation = "relu" }},
  {{ type = "residual", layers = [
    {{ type = "conv2d", filters = 8, kernel_size = 3, strides = 2, use_bias = false }},
    {{ type = "batch_normalization" }},
  ] }},
  {{ type = "global_average_pooling2d" }},
  {{ type = "dropout", rate = 0.1 }},
  {{ type = "dense", units = 10, activation = "softmax" }},
]

[optimizer]
name = "sgd"
learning_rate = 0.1
momentum = 0.9
schedule = {{ name = "cosine_decay", warmup_epochs = 1 }}

[fit]
epochs = 4
precision = "mixed_bfloat16"

[checkpoint]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("jax")
    (folder / "sitecustomize.py").write_text(HIDDEN)
    data = small_dataset()
    parts = {
        f"{part}_{split.name}": getattr(split, part) for split in (data.train, data.test) for part in "xy"
    }
    np.savez(folder / "clothes.npz", **parts)
    (folder / "small.toml").write_text(RECIPE.format(data=str(folder / "clothes.npz")))
    return folder


def train(folder: Path, place: str, *options: str) -> subprocess.Popen:
    environment = {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "jax",
    }
    places = ["--artifacts", folder / place / "artifacts", "--runs", folder / place / "runs"]
    command = [sys.executable, "-u", "-m", "modiste", "train", folder / "small.toml", *places, *options]
    return subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> str:
    said, _ = process.communicate(timeout=800)
    assert process.returncode == 0
    return said


@pytest.fixture(scope="module")
def version(folder) -> Path:
    finish(train(folder, "whole"))
    return folder / "whole" / "artifacts" / "small" / "1"


def history(version: Path) -> dict:
    found = Metadata.read(version / METADATA).history
    return {name: values for name, values in found.items() if name != "seconds"}


def test_it_is_published_unprepared_and_whole(version):
    metadata = Metadata.read(version / METADATA)
    assert "jax" in metadata.libraries and "tensorflow" not in metadata.libraries
    assert not (version / ONNX).exists() and not (version / SUMMARY).exists()
    assert (version / "report" / "model-card.md").is_file()


def test_a_copy_is_completed_where_tensorflow_is(version, tmp_path):
    result = CliRunner().invoke(app, ["prepare", str(version / KERAS), "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    summary = Summary.read(tmp_path / SUMMARY)
    assert summary.engine == "onnx" and summary.parity is not None and summary.parity.agrees


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
