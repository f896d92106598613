"""A run's folder: who may have it, and what is said where it is damaged or full."""

import resource
import zlib

import numpy as np
import pytest

from training.errors import RunError
from training.fitting import state
from training.fitting.run import Run, begin_next, reopen_last
from training.fitting.state import FitState

IDENTITY = {"recipe": {"seed": 42, "name": "패션"}, "data": {"x_train": "0"}}
OTHER = {**IDENTITY, "recipe": {"seed": 7, "name": "패션"}}


def some_state() -> FitState:
    return FitState({"loss": [1.0, 0.5]}, [np.arange(1000.0), np.array(3)], [np.ones(10)])


@pytest.fixture
def left(tmp_path):
    """The folder of runs in which one was begun, kept once and left."""
    run = begin_next(tmp_path / "runs", IDENTITY)
    run.save(some_state())
    run.close()
    return tmp_path / "runs"


def test_what_was_kept_is_there_when_the_run_is_reopened(left):
    run = reopen_last(left, IDENTITY)
    found, expected = run.state, some_state()
    assert found.history == expected.history
    for one, other in zip(found.variables + found.best, expected.variables + expected.best, strict=True):
        np.testing.assert_array_equal(one, other)
    run.close()


def test_a_run_belongs_to_one_process_at_a_time(left):
    first = reopen_last(left, IDENTITY)
    with pytest.raises(RunError, match="belongs to another process"):
        reopen_last(left, IDENTITY)
    first.close()
    reopen_last(left, IDENTITY).close()


def test_a_run_goes_on_with_nothing_else_than_it_began_with(left):
    with pytest.raises(RunError, match=r"was begun with seed = 42, which is now 7\. Give it the same --set"):
        reopen_last(left, OTHER)
    reopen_last(left, IDENTITY).close()


def test_a_run_that_kept_no_epoch_is_passed_over_for_one_that_did(left):
    begin_next(left, IDENTITY).close()
    run = reopen_last(left, IDENTITY)
    assert run.folder == left / "1"
    run.finish(left)
    run.close()
    run = reopen_last(left, IDENTITY)
    assert run.folder == left / "2" and run.state is None
    run.close()


def test_a_run_that_began_with_something_else_is_passed_over(left):
    begin_next(left, OTHER).close()
    run = reopen_last(left, IDENTITY)
    assert run.folder == left / "1"
    assert run.state is not None
    run.close()


def test_of_runs_that_all_began_with_something_else_the_newest_is_told(left):
    begin_next(left, {**IDENTITY, "recipe": {"seed": 8, "name": "패션"}}).close()
    with pytest.raises(RunError, match=r"2 was begun with seed = 8, which is now 7"):
        reopen_last(left, OTHER)


def test_an_older_run_that_is_damaged_bars_no_newer_one(left):
    (left / "1" / "run.json").write_text("{")
    begin_next(left, IDENTITY).close()
    reopen_last(left, IDENTITY).close()


def test_a_published_run_is_over(left, tmp_path):
    run = reopen_last(left, IDENTITY)
    run.finish(tmp_path / "artifacts" / "small" / "1")
    run.close()
    assert not (left / "1" / "state.npz").exists()
    with pytest.raises(RunError, match="no run to go on with"):
        reopen_last(left, IDENTITY)
    begin_next(left, IDENTITY).close()
    assert (left / "2" / "run.json").is_file()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no zip at all",
        lambda data: data[: len(data) // 2],
        lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:],
        lambda data: zlib.compress(data),
    ],
    ids=["empty", "text", "cut", "a byte", "another format"],
)
def test_a_damaged_state_is_told_and_the_run_let_go(left, damage):
    path = left / "1" / "state.npz"
    path.write_bytes(damage(path.read_bytes()))
    for _ in range(2):  # the second would find it locked, had the first not let go
        with pytest.raises(RunError, match=r"state\.npz cannot be read: it is damaged"):
            reopen_last(left, IDENTITY)


@pytest.mark.parametrize("text", ["", "5", "{"], ids=["empty", "a number", "cut"])
def test_a_run_that_forgot_what_it_is_is_told_and_not_passed_over(left, text):
    (left / "1" / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        reopen_last(left, IDENTITY)


def test_a_run_that_was_killed_before_its_first_line_is_passed_over(left):
    (left / "2").mkdir()
    reopen_last(left, IDENTITY).close()


def test_a_full_disk_is_told_and_loses_nothing_that_was_kept(left):
    run = reopen_last(left, IDENTITY)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RunError, match=r"cannot be kept in .*File too large"):
            run.save(some_state())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    run.close()
    assert state.load(left / "1" / "state.npz").history == some_state().history


def test_a_result_that_stands_is_no_failure_where_the_run_cannot_be_noted(left, tmp_path, capsys):
    run = reopen_last(left, IDENTITY)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        run.finish(tmp_path / "artifacts" / "small" / "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    run.close()
    assert "could not be noted as done" in capsys.readouterr().out
    reopen_last(left, IDENTITY).close()


def test_a_state_of_another_network_is_refused():
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(RunError, match="do not fit the network"):
        state.restore(model, [np.zeros(3)])


def test_the_place_of_runs_must_be_a_folder(tmp_path):
    (tmp_path / "runs").write_text("no folder")
    with pytest.raises(RunError, match="cannot be kept in"):
        Run.begin(tmp_path / "runs" / "1", IDENTITY)
