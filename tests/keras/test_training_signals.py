"""A signal ends a training, whenever it comes: before there is a run, in a fit, after its last batch."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from training_data import small_dataset, small_recipe

from training.fitting.fit import fit
from training.fitting.partition import Partition, hold_out
from training.model.compilation import compile_model
from training.model.network import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def part() -> Partition:
    train = small_dataset().train
    return hold_out(train.x, train.y.astype(np.int64), 0.2, 42)


def compiled(recipe):
    model = build(recipe, (28, 28), 10)
    compile_model(model, recipe, 20)
    return model


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "fashion-relu", "--artifacts", "artifacts", "--runs", "runs"],
        ["sweep", "fashion-epochs", "--out", "out"],
    ],
    ids=["train", "sweep"],
)
def test_a_signal_before_there_is_a_run_ends_the_command_with_one_line_that_promises_nothing(
    tmp_path, number, arguments
):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "modiste", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
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
    assert errors == "Stopped. Nothing was begun; give the same command again.\n"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_a_fit_and_gives_the_signals_back(part):
    recipe = small_recipe(fit={"epochs": 100_000})
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(compiled(recipe), recipe, part, keep=lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_last_batch_is_obeyed_too(part, number):
    # The last thing that an epoch does; what follows would be the end of the fit, and a publication.
    class Struck:
        def epoch(self, *_):
            os.kill(os.getpid(), number)

    kept = []
    with pytest.raises(KeyboardInterrupt):
        fit(compiled(small_recipe()), small_recipe(), part, keep=kept.append, logs=[Struck()])
    assert len(kept) == 1
