"""A run killed at any moment and resumed ends as one that was never killed; and one seed gives one result."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_data import small_dataset

from modiste.artifact import METADATA, Metadata
from training.logs.mlflow_store import connect

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

# So many short steps that a signal comes in the middle of an epoch.
MANY_STEPS = """
description = "Small, with long epochs."
model = "small"

[data]
dataset = {data!r}

[network]
layers = [
  {{ type = "flatten" }},
  {{ type = "dropout", rate = 0.3 }},
  {{ type = "dense", units = 10, activation = "softmax" }},
]

[optimizer]
name = "adam"

[fit]
batch_size = 1
epochs = 2
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

    def ask(
        *arguments: str | Path,
        event: str = "",
        file: str = "state.new",
        number: int = 0,
        delay: float = 0.0,
    ) -> int:
        request = {"arguments": ["train", *map(str, arguments)], "event": event, "file": file}
        print(json.dumps(request | {"number": number, "delay": delay}), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())["status"]

    with process:
        yield ask
        process.stdin.close()


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipe"), RECIPE)


def write_recipe(folder: Path, text: str, times: int = 1) -> Path:
    """Write the small data, each image so many times, and the recipe for them."""
    data = small_dataset()
    parts = {
        f"{part}_{split.name}": np.concatenate([getattr(split, part)] * times)
        for split in (data.train, data.test)
        for part in "xy"
    }
    np.savez(folder / "clothes.npz", **parts)
    (folder / "small.toml").write_text(text.format(data=str(folder / "clothes.npz")))
    return folder / "small.toml"


@pytest.fixture(scope="module")
def peaceful(train, recipe, tmp_path_factory) -> Path:
    """Where a run was trained and published that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert train(recipe, *places(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def undisturbed(peaceful) -> Result:
    return result(peaceful)


def places(folder: Path) -> list[str | Path]:
    return ["--artifacts", folder / "artifacts", "--runs", folder / "runs"]


def result(folder: Path, number: str = "1") -> Result:
    version = folder / "artifacts" / "small" / number
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


# MLflow's own calls of SQLAlchemy; and its imports, some hundred modules of many libraries.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_one_recipe_and_seed_give_the_same_weights_twice_also_under_the_eyes_of_tensorboard_and_mlflow(
    train, recipe, peaceful, undisturbed
):
    store = f"sqlite:///{peaceful}/mlflow.db"
    assert train(recipe, *places(peaceful), "--tensorboard", "--mlflow", store) == 0
    assert sorted(path.name for path in (peaceful / "artifacts" / "small").iterdir()) == ["1", "2"]
    assert result(peaceful, "2") == result(peaceful, "1") == undisturbed
    run, losses = peaceful / "runs" / "small" / "2", list(undisturbed.history["val_loss"])
    found = connect(store).get_metric_history(
        json.loads((run / "mlflow.json").read_text())["run_id"], "val_loss"
    )
    assert [metric.value for metric in found] == losses
    events = EventAccumulator(str(run / "tensorboard" / "validation")).Reload()
    assert [event.value for event in events.Scalars("loss")] == pytest.approx(losses)


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


@pytest.mark.long
def test_a_run_killed_between_publishing_and_noting_it_publishes_once(train, recipe, undisturbed, tmp_path):
    # What a run is, is written twice: when it begins, and when it is published.
    note = {"event": "os.rename", "file": "run.json", "number": 2}
    assert train(recipe, *places(tmp_path), **note) == -signal.SIGKILL
    versions = tmp_path / "artifacts" / "small"
    published = (versions / "1" / METADATA).read_bytes()
    assert "published" not in json.loads((tmp_path / "runs" / "small" / "1" / "run.json").read_text())
    assert train(recipe, *places(tmp_path), "--resume") == 0
    assert [path.name for path in versions.iterdir()] == ["1"]
    assert (versions / "1" / METADATA).read_bytes() == published
    assert result(tmp_path) == undisturbed
    noted = json.loads((tmp_path / "runs" / "small" / "1" / "run.json").read_text())
    assert noted["published"] == str(versions / "1")


def interrupted(arguments: list[str | Path], sight: str) -> tuple[int, str]:
    """Run the command on a terminal, strike Ctrl-C once `sight` is drawn; its status and all it showed."""
    ours, its = pty.openpty()
    # Without colours the bar is as long as what is done.
    environment = os.environ | {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, "-m", "modiste", "train", *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env=environment,
    )
    os.close(its)
    with process, open(ours, "rb", buffering=0) as terminal:
        try:
            shown = b""
            while sight.encode() not in shown:
                more = read_or_end(terminal)
                assert more, shown.decode()
                shown += more
            process.send_signal(signal.SIGINT)
            while more := read_or_end(terminal):
                shown += more
        except BaseException:
            process.kill()
            raise
    return process.returncode, shown.decode()


def read_or_end(terminal) -> bytes:
    try:
        return terminal.read(4096)
    except OSError:  # Linux's way to say that nobody has the other end
        return b""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_ctrl_c_ends_an_epoch_in_the_middle_and_the_run_goes_on_as_if_it_had_not(train, tmp_path):
    recipe = write_recipe(tmp_path, MANY_STEPS, times=5)  # 3,200 steps an epoch, 32 at a time
    whole, ended = tmp_path / "whole", tmp_path / "ended"
    assert train(recipe, *places(whole)) == 0
    status, shown = interrupted([recipe, *places(ended)], sight="epoch 2/2")
    assert status == 130, shown
    assert "epoch  1/2" in shown and "epoch  2/2" not in shown
    # Ended among its steps, for else the bar, which is 40 long, would have come to its end.
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 20 in shown
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 40 not in shown
    assert "the same command with --resume goes on" in shown
    assert not (ended / "artifacts" / "small").exists()
    assert train(recipe, *places(ended), "--resume") == 0
    assert result(ended) == result(whole)
