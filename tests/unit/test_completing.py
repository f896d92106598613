"""`modiste report`: a published version gets the images behind its report, and nothing else changes."""

import numpy as np
import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from modiste.artifact import METADATA, DatasetInfo, Head, Metadata, folder_sha256
from modiste.datasets import load
from modiste.metrics import evaluate
from modiste.report import EVALUATION, VersionReport
from modiste.report_images import IMAGES, of_classes, parse
from tests.models import expected, write_version
from tests.unit.report_subjects import images

X, Y = images(300)
ANSWERS = expected(X)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x_train=X[:20], y_train=Y[:20], x_test=X, y_test=Y)
    return path


@pytest.fixture
def version(tmp_path, data):
    folder = write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    (folder / "report").mkdir()
    matrix = evaluate(ANSWERS, Y, Head.SOFTMAX).confusion_matrix
    VersionReport(rows=300, confusion_matrix=matrix).write(folder / "report" / EVALUATION)
    describe(folder, data)
    return folder


def describe(folder, data, **changes):
    dataset = DatasetInfo(
        name="data", train_rows=20, validation_rows=0, test_rows=300, sha256=load(str(data)).sha256
    )
    stated = {"recipe": {"data": {"dataset": str(data)}}, "dataset": dataset, "head": Head.SOFTMAX} | changes
    Metadata(**stated, sha256=folder_sha256(folder)).write(folder / METADATA)


def run(folder):
    return CliRunner().invoke(app, ["report", str(folder)])


def test_the_images_are_those_that_training_would_have_kept(version):
    before = folder_sha256(version)
    result = run(version)
    assert result.exit_code == 0 and "images.npz" in result.output
    found = parse((version / "report" / IMAGES).read_bytes())
    wanted = of_classes(X, Y, ANSWERS)
    assert np.array_equal(found.index, wanted.index) and np.array_equal(found.images, wanted.images)
    assert np.array_equal(found.predicted, wanted.predicted)
    after = folder_sha256(version)
    assert {name for name in after if after[name] != before.get(name)} == {f"report/{IMAGES}"}
    assert Metadata.read(version / METADATA).sha256 == after


def test_a_second_time_is_refused(version):
    assert run(version).exit_code == 0
    again = run(version)
    assert again.exit_code == 1 and "already" in again.output


def test_other_data_are_refused(version, data):
    np.savez(data, x_train=X[:20], y_train=Y[:20], x_test=X[::-1], y_test=Y[::-1])
    result = run(version)
    assert result.exit_code == 1 and "are not those" in " ".join(result.output.split())
    assert not (version / "report" / IMAGES).exists()


def test_a_version_that_answers_otherwise_than_reported_is_refused(version, data):
    other = evaluate(ANSWERS, (Y + 1) % 10, Head.SOFTMAX).confusion_matrix
    VersionReport(rows=300, confusion_matrix=other).write(version / "report" / EVALUATION)
    describe(version, data)
    result = run(version)
    assert result.exit_code == 1 and "otherwise than reported" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("remove", "says"), [("report/evaluation.json", "no report"), ("model.onnx", "no prepared form")]
)
def test_what_is_missing_is_named(version, remove, says):
    (version / remove).unlink()
    result = run(version)
    assert result.exit_code == 1 and says in " ".join(result.output.split())


def test_a_version_that_names_no_data_is_refused(version, data):
    describe(version, data, recipe=None)
    assert "do not say which data" in " ".join(run(version).output.split())
