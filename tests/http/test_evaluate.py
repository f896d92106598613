"""`/evaluate` over HTTP: the three sources of rows, progress, and mistakes."""

import gzip
import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modiste.artifact import Head, LossInfo
from tests.models import CLASS_NAMES, expected, write_version

ROWS = 40
PIXELS = np.random.default_rng(3).integers(0, 256, (ROWS, 28, 28), np.uint8)
ANSWERS = expected(PIXELS)
# Right for three rows of four.
LABELS = np.where(np.arange(ROWS) % 4 == 0, (ANSWERS.argmax(axis=1) + 1) % 10, ANSWERS.argmax(axis=1))
LOSS = LossInfo(name="SparseCategoricalCrossentropy")


@pytest.fixture
def artifacts(tmp_path):
    folder = tmp_path / "artifacts"
    write_version(folder / "fashion_mnist" / "1", loss=LOSS)
    return folder


def rows_and_labels(labels: object) -> dict:
    return {"json": {"instances": PIXELS.tolist(), "labels": labels}}


def npz(**arrays: np.ndarray) -> dict:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return {"content": file.getvalue(), "headers": {"content-type": "application/x-npz"}}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(rows_and_labels(LABELS.tolist()), id="class numbers"),
        pytest.param(rows_and_labels([CLASS_NAMES[i] for i in LABELS]), id="class names"),
        pytest.param(rows_and_labels(np.eye(10, dtype=int)[LABELS].tolist()), id="one-hot"),
        pytest.param(npz(x=PIXELS, y=LABELS), id="npz"),
        pytest.param(npz(x=PIXELS.astype(np.float32), y=np.eye(10)[LABELS]), id="npz one-hot"),
        pytest.param(npz(x=PIXELS, y=np.array(CLASS_NAMES)[LABELS]), id="npz of names"),
    ],
)
def test_rows_with_labels_are_evaluated(client, request_):
    response = client.post("/evaluate", **request_)
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["model"], report["version"], report["count"]) == ("fashion_mnist", 1, ROWS)
    assert report["accuracy"] == pytest.approx(0.75)
    assert report["loss"] == pytest.approx(-np.log(ANSWERS[np.arange(ROWS), LABELS]).mean(), rel=1e-5)
    matrix = np.array(report["confusion_matrix"])
    assert matrix.trace() == 30 and matrix.sum() == ROWS
    first = report["per_class"][0]
    assert set(first) == {"class", "label", "precision", "recall", "f1", "support"}
    assert first["support"] == int((LABELS == 0).sum()) and first["label"] == "zero"
    assert 0 <= report["expected_calibration_error"] <= 1


def test_the_same_is_reached_by_model_and_version(client):
    for path in ("/models/fashion_mnist/evaluate", "/models/fashion_mnist/versions/1/evaluate"):
        assert client.post(path, **npz(x=PIXELS, y=LABELS)).json()["accuracy"] == pytest.approx(0.75)


def test_progress_is_streamed_line_by_line_before_the_result(client):
    request_ = npz(x=PIXELS, y=LABELS)
    request_["headers"]["accept"] = "application/x-ndjson"
    response = client.post("/evaluate", **request_)
    assert response.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["progress"] for line in lines[:-1]] == [
        {"done": done, "total": ROWS} for done in (16, 32, 40)
    ]
    assert lines[-1]["result"]["accuracy"] == pytest.approx(0.75)


def test_a_version_without_a_known_loss_reports_null(artifacts, make_client):
    write_version(artifacts / "plain" / "1")
    report = make_client().post("/models/plain/evaluate", **npz(x=PIXELS, y=LABELS)).json()
    assert report["loss"] is None and report["accuracy"] == pytest.approx(0.75)


def test_a_regression_model_reports_errors_instead_of_classes(artifacts, make_client):
    write_version(artifacts / "value" / "1", head=Head.REGRESSION, units=1, class_names=None)
    report = make_client().post("/models/value/evaluate", **npz(x=PIXELS, y=np.zeros(ROWS))).json()
    assert report["mean_squared_error"] >= 0 and "confusion_matrix" not in report


def idx(array: np.ndarray) -> bytes:
    """IDX, the format of MNIST's own files."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes())


def test_a_data_set_that_is_damaged_or_absent_is_a_404_and_the_log_names_the_places(
    tmp_path, make_client, caplog
):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(idx(PIXELS))
    client = make_client(data_dir=folder)
    for name in ("no_such_set", "mnist", "mnist"):
        response = client.post("/evaluate", json={"dataset": name})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "dataset_not_found")
        assert str(tmp_path) not in response.text
    assert caplog.text.count(str(folder)) == 1


def zipped(**members: bytes) -> dict:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return {"content": file.getvalue(), "headers": {"content-type": "application/zip"}}


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        pytest.param({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "JSON", id="no JSON"),
        pytest.param({"json": {"instances": [[0] * 784]}}, 422, '"labels" is missing', id="no labels"),
        pytest.param({"json": {"instances": [[0] * 784], "labels": [1, 2]}}, 422, "2 for 1 rows", id="two for one"),
        pytest.param({"json": {"instances": [[0] * 784], "labels": 1}}, 422, "list", id="labels no list"),
        pytest.param({"json": {"instances": [[0] * 784], "labels": [10]}}, 422, "0 to 9", id="no class"),
        pytest.param({"json": {"instances": [[0] * 784], "labels": ["ten"]}}, 422, "class names", id="no name"),
        pytest.param({"json": {"instances": [[0] * 784], "labels": [[1, 1] + [0] * 8]}}, 422, "one-hot", id="two hot"),
        pytest.param({"json": {"instances": [[300] * 784], "labels": [1]}}, 422, "range", id="out of range"),
        pytest.param({"json": {"dataset": "fashion_mnist", "limit": 0}}, 422, "limit", id="limit 0"),
        pytest.param({"json": {"dataset": "fashion_mnist", "rows": 5}}, 422, "rows", id="unknown key"),
        pytest.param({"json": {"dataset": "fashion_mnist", "split": "none"}}, 404, "split", id="unknown split"),
        pytest.param(npz(x=PIXELS), 422, "x and y", id="npz without y"),
        pytest.param(zipped(x=b"no array", y=b""), 400, ".npy", id="npz of something else"),
        pytest.param(npz(x=PIXELS, y=np.array([{}] * ROWS, dtype=object)), 422, "dtype", id="npz with pickles"),
        pytest.param({"content": b"PK\x03\x04", "headers": {"content-type": "application/zip"}}, 400, ".npz", id="no zip"),
        pytest.param({"content": b"", "headers": {"content-type": "text/csv"}}, 415, "application/json", id="csv"),
    ],
)  # fmt: skip
def test_a_mistake_gets_its_4xx(client, request_, status, says):
    response = client.post("/evaluate", **request_)
    assert response.status_code == status, response.text
    assert says in response.json()["error"]["message"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_npz_is_a_4xx_whatever_is_damaged(client, data):
    content = bytearray(npz(x=PIXELS[:2], y=LABELS[:2])["content"])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    response = client.post("/evaluate", content=bytes(content), headers={"content-type": "application/zip"})
    assert response.status_code < 500, response.text


def test_an_array_that_unpacks_to_too_much_is_refused(make_client):
    client = make_client(max_npz_bytes=10_000)
    response = client.post("/evaluate", **npz(x=np.zeros((ROWS, 28, 28), np.uint8), y=LABELS))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
