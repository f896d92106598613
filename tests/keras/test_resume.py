"""A run killed at any moment and resumed ends as one that was never killed; and one seed gives one result."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from training_data import small_dataset

from modiste.artifact import METADATA, Metadata

PROGRAM = Path(__file__).parent / "train_and_die.py"

# All that has a memory: moments, a schedule, running means, random layers, a best epoch before the last, patience.
RECIPE = """
description = "Small, with everything that a run must remember."
model = "small"

[data]
dataset = {data!r}

[network]
layers = [
  {{ type = "reshape", target_shape = [28, 28, 1] }},
  {{ type = "random_translation", height_factor = 0.05, width_factor = 0.05 }},
  {{ type = "random_flip" }},
  {{ type = "flatten" }},
  {{ type = "dense", units = 32, activation = "relu" }},
  {{ type = "batch_normalization" }},
  {{ type = "dropout", rate = 0.3 }},
  {{ type = "dense", units = 10, activation = "softmax" }},
]

[optimizer]
name = "adamw"
learning_rate = 0.05
schedule = {{ name = "cosine_decay", warmup_epochs = 1, alpha = 0.5 }}

[fit]
epochs = 15

[checkpoint]

[early_stopping]
patience = 3
"""

Train = Callable[..., int]


@dataclass(frozen=True)
class Result:
    """What decides whether two runs ended alike; seconds differ, as they must."""

    history: dict[str, tuple[float, ...]]
    metrics: dict[str, float]
    weights: dict[str, bytes]


@pytest.fixture(scope="module")
def train() -> Iterator[Train]:
    """Give a call that runs the command in a new process and returns how it ended."""
    process = subprocess.Popen(
        [sys.executable, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(*arguments: str | Path, event: str = "", number: int = 0, delay: float = 0.0) -> int:
        request = {"arguments": ["train", *map(str, arguments)], "event": event, "number": number}
        print(json.dumps(request | {"delay": delay}), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())["status"]

    with process:
        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recipe")
    data = small_dataset()
    parts = {
        f"{part}_{split.name}": getattr(split, part) for split in (data.train, data.test) for part in "xy"
    }
    np.savez(folder / "clothes.npz", **parts)
    (folder / "small.toml").write_text(RECIPE.format(data=str(folder / "clothes.npz")))
    return folder / "small.toml"


@pytest.fixture(scope="module")
def undisturbed(train, recipe, tmp_path_factory) -> Result:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert train(recipe, *places(folder)) == 0
    return result(folder)


def places(folder: Path) -> list[str | Path]:
    return ["--artifacts", folder / "artifacts", "--runs", folder / "runs"]


def result(folder: Path) -> Result:
    version = folder / "artifacts" / "small" / "1"
    metadata = Metadata.read(version / METADATA)
    history = {name: values for name, values in metadata.history.items() if name != "seconds"}
    weights: dict[str, bytes] = {}
    with h5py.File(version / "model.h5") as file:
        file["model_weights"].visititems(
            lambda name, item: (
                weights.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return Result(history, metadata.metrics, weights)


def test_the_run_under_test_keeps_an_epoch_before_its_last_and_stops_early(undisturbed):
    assert 4 < undisturbed.metrics["epochs"] < 15
    assert undisturbed.metrics["best_epoch"] == undisturbed.metrics["epochs"] - 3
    assert len(undisturbed.weights) >= 8


def test_one_recipe_and_seed_give_the_same_weights_twice(train, recipe, undisturbed, tmp_path):
    assert train(recipe, *places(tmp_path)) == 0
    assert result(tmp_path) == undisturbed


def test_a_run_killed_again_and_again_ends_as_one_that_never_was(train, recipe, undisturbed, tmp_path):
    killed = -signal.SIGKILL
    # Before any epoch is kept; while one is being written; when it is written and not yet in its place; in the
    # middle of an epoch, where the epoch is lost and run again.
    assert train(recipe, *places(tmp_path), event="open", number=1) == killed
    again = [recipe, *places(tmp_path), "--resume"]
    assert train(*again, event="open", number=2) == killed
    assert train(*again, event="os.rename", number=2) == killed
    assert train(*again, event="os.rename", number=1, delay=0.03) == killed
    assert not (tmp_path / "artifacts" / "small").exists()
    assert train(*again) == 0
    assert result(tmp_path) == undisturbed
    assert [path.name for path in (tmp_path / "runs" / "small").iterdir()] == ["1"]


@pytest.mark.long
def test_a_run_killed_while_it_publishes_publishes_when_resumed(train, recipe, undisturbed, tmp_path):
    # The state of the last epoch is in its place; what follows is fast, and is killed a moment later.
    epochs = int(undisturbed.metrics["epochs"])
    status = train(recipe, *places(tmp_path), event="os.rename", number=epochs, delay=0.3)
    assert status == -signal.SIGKILL
    assert not (tmp_path / "artifacts" / "small" / "1").exists()
    assert train(recipe, *places(tmp_path), "--resume") == 0
    assert result(tmp_path) == undisturbed
