"""Preparing through the child process, as the server and the command line do it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.artifact import ONNX, SUMMARY, Head, LossInfo, Summary, file_sha256
from modiste.onnx_runtime import ort
from modiste.prepare import (
    Cancellation,
    Failure,
    PrepareCancelled,
    PrepareFailed,
    PrepareLimits,
    PrepareRefused,
    examine,
    prepare,
)
from modiste.reading import ReadingLimits, Reason


def korean_model() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((28, 28), name="사진"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            layers.RandomRotation(0.1),
            layers.Conv2D(4, 3, activation="gelu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, name="출력"),
        ],
        name="패션 MNIST 모델",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return korean_model()


@pytest.fixture(scope="module")
def source(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Summary, Path]:
    """One preparation through the child, which the tests below look at from all sides."""
    folder = tmp_path_factory.mktemp("prepared") / "new" / "folder"
    return prepare(source, folder), folder


def test_the_summary_describes_the_model(prepared: tuple[Summary, Path], source: Path) -> None:
    summary, _ = prepared
    assert summary.name == "패션 MNIST 모델"
    assert (summary.source_format, summary.source_sha256) == ("keras", file_sha256(source))
    assert [(spec.name, spec.shape, spec.dtype, spec.range) for spec in summary.inputs] == [
        ("사진", (None, 28, 28), "float32", (0.0, 255.0))
    ]
    assert [(spec.name, spec.shape, spec.dtype) for spec in summary.outputs] == [
        ("출력", (None, 10), "float32")
    ]
    assert summary.head is Head.LOGITS
    assert summary.optimizer == "Adam"
    assert summary.metrics == ("accuracy",)
    assert isinstance(summary.loss, LossInfo)
    assert summary.loss.name == "SparseCategoricalCrossentropy"
    assert summary.loss.config["from_logits"] is True
    assert {"keras", "tensorflow", "tf2onnx", "onnx"} <= summary.libraries.keys()


def test_layers_totals_and_table_are_keras_own(prepared: tuple[Summary, Path], model: keras.Model) -> None:
    summary, _ = prepared
    assert [layer.name for layer in summary.layers] == [layer.name for layer in model.layers]
    convolution = next(layer for layer in summary.layers if layer.type == "Conv2D")
    assert (convolution.output_shape, convolution.parameters) == ((None, 26, 26, 4), 40)
    assert (convolution.activation, convolution.trainable) == ("gelu", True)
    assert summary.totals.parameters == model.count_params()
    assert summary.totals.non_trainable == 8
    for expected in ("패션 MNIST 모델", "conv2d", "(None, 26, 26, 4)", "Trainable params", "27,"):
        assert expected in summary.text
    assert "\x1b" not in summary.text
    expected_penalty = float(sum(model.losses))
    assert summary.regularization_loss == pytest.approx(expected_penalty, rel=1e-5)


def test_the_graph_answers_as_keras_does(prepared: tuple[Summary, Path], model: keras.Model) -> None:
    summary, folder = prepared
    assert summary.engine == "onnx"
    assert summary.parity is not None
    assert summary.parity.agrees
    assert summary.parity.rows == 16
    assert summary.onnx_sha256 == file_sha256(folder / ONNX)
    session = ort.InferenceSession(folder / ONNX)
    rows = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype("float32")
    (found,) = session.run(["출력"], {"사진": rows})
    np.testing.assert_allclose(found, np.asarray(model(rows, training=False)), atol=1e-4)
    assert any("RandomRotation" in note for note in summary.notes)
    assert any("Erfc" in note for note in summary.notes)


def test_what_was_written_is_what_was_returned(prepared: tuple[Summary, Path]) -> None:
    summary, folder = prepared
    assert Summary.read(folder / SUMMARY) == summary
    assert {path.name for path in folder.iterdir()} == {ONNX, SUMMARY}


def test_a_model_without_an_onnx_form_is_left_to_keras(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Discretization(bin_boundaries=[0.5]), layers.Dense(2)]
    )
    model.save(tmp_path / "model.h5")
    (tmp_path / ONNX).write_bytes(b"left over")
    result = CliRunner().invoke(app, ["prepare", str(tmp_path / "model.h5")])
    assert result.exit_code == 0, result.output
    summary = Summary.read(tmp_path / SUMMARY)
    assert (summary.engine, summary.source_format, summary.onnx_sha256) == ("keras", "h5", None)
    assert summary.engine_reason is not None
    assert "Bucketize" in summary.engine_reason
    assert not (tmp_path / ONNX).exists()
    assert "keras" in result.output


def test_the_command_does_not_write_over_a_summary(source: Path, tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text("mine")
    result = CliRunner().invoke(app, ["prepare", str(source), "--to", str(tmp_path)])
    assert result.exit_code == 2
    assert "Invalid value for" in result.output
    assert (tmp_path / SUMMARY).read_text() == "mine"


def test_a_folder_that_is_prepared_already_is_not_blamed_on_an_option_nobody_gave(tmp_path: Path) -> None:
    (tmp_path / SUMMARY).write_text("mine")
    result = CliRunner().invoke(app, ["prepare", str(tmp_path / "model.keras")])
    assert result.exit_code == 2
    assert "is prepared already" in result.output and "Name another with --to." in result.output
    assert "Invalid value" not in result.output
    assert (tmp_path / SUMMARY).read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_one_line_and_leaves_nothing(
    source: Path, tmp_path: Path, number: int
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "modiste", "prepare", str(source), "--to", str(tmp_path / "to")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    with process:
        while not list(temporary.glob("*/log.txt")):  # its child has not started yet
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "Stopped. No half-made summary is left behind.\n"
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


def test_the_command_inspect_says_yes_and_no(source: Path, tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["inspect", str(source), "--json"])
    assert good.exit_code == 0
    verdict = json.loads(good.output)
    assert list(verdict) == ["ok", "reason", "detail", "found"]
    assert (verdict["ok"], verdict["reason"]) == (True, "ok")
    found = examine(source).found
    assert found is not None
    assert verdict["found"] == asdict(found) | {"layer_types": list(found.layer_types)}
    assert (found.sha256, found.size) == (file_sha256(source), source.stat().st_size)
    shown = CliRunner().invoke(app, ["inspect", str(source)])
    assert shown.output.startswith("ok: a keras model of ")
    assert "패션 MNIST 모델" in shown.output
    assert "RandomRotation" in shown.output

    (tmp_path / "model.keras").write_bytes(source.read_bytes()[:1000])
    bad = CliRunner().invoke(app, ["inspect", str(tmp_path / "model.keras"), "--json"])
    assert bad.exit_code == 1
    verdict = json.loads(bad.output)
    assert (verdict["reason"], verdict["found"]) == ("archive_damaged", None)
    for command in ("inspect", "prepare"):
        refused = CliRunner().invoke(app, [command, str(tmp_path / "model.keras")])
        assert refused.output.startswith("archive_damaged: ")


def test_examining_needs_no_keras_and_no_patience(source: Path) -> None:
    verdict = examine(source, limits=PrepareLimits(wall_s=60))
    assert verdict.ok
    assert verdict.found is not None
    assert verdict.found.layer_types.count("Conv2D") == 1


def test_a_refusal_crosses_the_process_with_its_reason(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(PrepareRefused) as caught:
        prepare(tmp_path / "model.keras", tmp_path / "out")
    assert caught.value.reason == Reason.LAMBDA
    assert not (tmp_path / "out").exists()


def test_a_link_is_refused_without_a_child(source: Path, tmp_path: Path) -> None:
    (tmp_path / "model.keras").symlink_to(source)
    with pytest.raises(PrepareRefused) as caught:
        prepare(tmp_path / "model.keras", tmp_path / "out")
    assert caught.value.reason == Reason.SYMBOLIC_LINK


def test_cancelling_from_another_thread_kills_the_child(source: Path, tmp_path: Path) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.3, cancellation.cancel)
    timer.start()
    with pytest.raises(PrepareCancelled):
        prepare(source, tmp_path / "out", cancellation=cancellation)
    timer.join()
    assert not (tmp_path / "out").exists()
    with pytest.raises(PrepareCancelled):  # and one cancelled before does not start
        prepare(source, tmp_path / "out", cancellation=cancellation)


def test_a_child_that_takes_too_long_is_killed(source: Path, tmp_path: Path) -> None:
    with pytest.raises(PrepareFailed) as caught:
        prepare(source, tmp_path / "out", limits=PrepareLimits(wall_s=0.2))
    assert caught.value.reason == Failure.TIMEOUT


def test_a_child_short_of_memory_fails_and_says_so(source: Path, tmp_path: Path) -> None:
    with pytest.raises(PrepareFailed) as caught:
        prepare(source, tmp_path / "out", limits=PrepareLimits(memory_bytes=900 * 1024**2))
    assert caught.value.reason in (Failure.MEMORY, Failure.CRASHED)
    assert caught.value.log


def test_a_file_that_the_reader_never_comes_back_from_is_refused(source: Path) -> None:
    verdict = examine(source, limits=PrepareLimits(reading=ReadingLimits(seconds=0.001)))
    assert (verdict.ok, verdict.reason, verdict.found) == (False, Reason.WEIGHTS_DAMAGED, None)


def test_the_child_ends_when_its_parent_does(source: Path, tmp_path: Path) -> None:
    shutil.copy(source, tmp_path)
    request = {
        "source": source.name,
        "limits": asdict(PrepareLimits()),
        "examine_only": False,
        "convert": True,
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "modiste.prepare.child"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    child.communicate(
        json.dumps(request).encode() + b"\n", timeout=60
    )  # closes the pipe, as a dead parent does
    assert child.returncode == 1
    assert not (tmp_path / "answer.json").exists()


def test_an_unwritable_destination_fails_without_leaving_anything(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PrepareFailed) as caught:
        prepare(source, tmp_path / "file")
    assert caught.value.reason == Failure.STORAGE
    assert os.listdir(tmp_path) == ["file"]
