"""The first step: which files are opened at all, and that nothing waits or follows a link."""

import hashlib
import os
from pathlib import Path

import model_files as files
import pytest

from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.file import copy_file
from modiste.reading.model_file import read


def refusal(path: Path, limits: ReadingLimits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        read(path, limits)
    return caught.value


def test_an_honest_keras_file_is_read_and_described(tmp_path: Path) -> None:
    data = files.keras_bytes()
    found = read(files.written(tmp_path, data)).findings()
    assert found.format == "keras"
    assert found.name == "sequential"
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.size == len(data)
    assert found.keras_version == "3.15.1"
    assert found.layer_types == ("InputLayer", "Dense")
    assert (found.arrays, found.values) == (2, 15)  # the optimizer's counter is not a weight


def test_an_honest_h5_file_is_read_and_described(tmp_path: Path) -> None:
    path = files.written(tmp_path, files.h5_bytes(training={"loss": "mse"}), "model.h5")
    found = read(path).findings()
    assert (found.format, found.layer_types, found.values) == ("h5", ("InputLayer", "Dense"), 15)
    assert found.loss == "MeanSquaredError"


def test_a_compressed_archive_is_read(tmp_path: Path) -> None:
    data = files.keras_bytes(compression=8)
    assert read(files.written(tmp_path, data)).findings().values == 15


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    os.mkfifo(path)
    error = refusal(path)
    assert error.reason is Reason.NOT_A_FILE
    assert "FIFO" in error.detail


def test_a_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.mkdir()
    assert refusal(path).reason is Reason.NOT_A_FILE


def test_a_symbolic_link_is_refused_though_its_target_is_honest(tmp_path: Path) -> None:
    target = files.written(tmp_path, files.keras_bytes(), "other.keras")
    link = tmp_path / "model.keras"
    link.symlink_to(target)
    assert refusal(link).reason is Reason.SYMBOLIC_LINK


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "model.keras").reason is Reason.NOT_FOUND


def test_a_file_over_the_limit_is_refused_with_both_sizes(tmp_path: Path) -> None:
    data = files.keras_bytes()
    error = refusal(files.written(tmp_path, data), ReadingLimits(file_bytes=100))
    assert error.reason is Reason.TOO_LARGE
    assert str(len(data)) in error.detail
    assert "100" in error.detail


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("model.keras", files.h5_bytes(), id="HDF5 named .keras"),
        pytest.param("model.h5", files.keras_bytes(), id="zip named .h5"),
        pytest.param("model.keras", b"", id="empty"),
        pytest.param("model.onnx", files.keras_bytes(), id="another extension"),
    ],
)
def test_content_must_fit_the_name(tmp_path: Path, name: str, data: bytes) -> None:
    assert refusal(files.written(tmp_path, data, name)).reason is Reason.WRONG_TYPE


def test_no_detail_names_the_folder(tmp_path: Path) -> None:
    for name in ("missing.keras", "missing.txt"):
        assert str(tmp_path) not in str(refusal(tmp_path / name))


def test_a_copy_has_the_bytes_that_were_hashed(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    sha256 = copy_file(files.written(tmp_path, data), tmp_path / "copy", len(data))
    assert (tmp_path / "copy").read_bytes() == data
    assert sha256 == hashlib.sha256(data).hexdigest()
