"""The command itself: from a recipe's file and data of one's own to a table on the terminal."""

import subprocess
import sys

import numpy as np
import pytest
from sweep_data import write_sweeps
from training_data import small_dataset
from typer.testing import CliRunner

from modiste.__main__ import app


def test_a_recipe_over_seeds_is_a_table_of_one_line(tmp_path):
    write_sweeps(tmp_path)
    train = small_dataset().train
    np.savez(tmp_path / "mine.npz", x_train=train.x[:200], y_train=train.y[:200])
    arguments = ["sweep", "small.toml", "--set", "data.dataset=mine.npz", "--epochs", "1", "--seeds"]
    done = subprocess.run(
        [sys.executable, "-m", "modiste", *arguments, "1,2"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    heads, line = done.stdout[done.stdout.index("variant") :].splitlines()[:2]
    assert heads.split()[:2] == ["variant", "seeds"]
    assert line.startswith("small") and "1, 2" in line and "±" in line
    folder = tmp_path / "runs" / "small-seeds" / "1"
    assert {path.name for path in folder.iterdir()} == {
        "sweep.json",
        "table.md",
        "table.csv",
        "picture.png",
        "small-seed1",
        "small-seed2",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "modiste sweep --list"),
        (["fashion-epoch"], 1, "Did you mean 'fashion-epochs'"),
        (["fashion-epochs", "--seeds", "1;2"], 2, "with commas between"),
        (["fashion-epochs", "--seeds", "1,1"], 1, "different numbers"),
        (["fashion-epochs", "--resume"], 1, "no sweep to go on with"),
        (["fashion-epochs", "--set", "fit.epoch=3"], 1, "did you mean 'epochs'"),
    ],
    ids=["nothing", "unknown", "no numbers", "twice", "nothing begun", "misspelt"],
)
def test_a_mistake_is_told_before_keras_is_started(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["sweep", *arguments])
    assert result.exit_code == code
    assert message in result.output
    assert "Starting Keras" not in result.output


def test_the_shipped_sweeps_are_listed():
    result = CliRunner().invoke(app, ["sweep", "--list"])
    assert result.exit_code == 0
    assert "fashion-optimizers       Seven optimizers" in result.output
    assert "A recipe will do as well" in result.output
