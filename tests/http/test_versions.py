"""Versions that come, go and fail, while the application runs."""

import json
import os
import re
import shutil
import time

import pytest
from watching import until, versions

from modiste.artifact import METADATA, ONNX, SUMMARY, Metadata, Summary
from tests.models import CLASS_NAMES, write_version


def test_a_new_version_takes_over_when_it_is_ready(artifacts, client):
    write_version(artifacts / "fashion_mnist" / "2", seed=2)
    until(client, lambda: client.get("/model/summary").json()["version"] == 2)
    assert versions(client, "fashion_mnist")[1]["state"] == "ready"


def test_a_version_that_fails_leaves_the_old_one_serving_and_says_why(artifacts, client):
    folder = write_version(artifacts / "fashion_mnist" / "2")
    (folder / ONNX).write_bytes(b"no graph")
    until(client, lambda: versions(client, "fashion_mnist").get(2, {}).get("state") == "failed")
    assert "SHA-256" in versions(client, "fashion_mnist")[2]["reason"]
    assert client.get("/model/summary").json()["version"] == 1
    assert client.post("/models/fashion_mnist/versions/2/predict", json={}).status_code == 503


def test_a_failed_version_is_tried_again_when_it_changes(artifacts, client):
    folder = write_version(artifacts / "fashion_mnist" / "2", seed=2)
    good = (folder / ONNX).read_bytes()
    (folder / ONNX).write_bytes(b"no graph")
    until(client, lambda: versions(client, "fashion_mnist").get(2, {}).get("state") == "failed")
    (folder / ONNX).write_bytes(good)
    until(client, lambda: client.get("/model/summary").json()["version"] == 2)


def test_older_versions_are_let_go(artifacts, client):
    for version in (2, 3):
        write_version(artifacts / "fashion_mnist" / str(version))
    until(client, lambda: versions(client, "fashion_mnist").get(3, {}).get("state") == "ready")
    until(client, lambda: versions(client, "fashion_mnist")[1]["state"] == "found")
    response = client.post("/models/fashion_mnist/versions/1/predict", json={"instances": []})
    assert response.status_code == 503


def test_the_last_good_version_outlives_its_folder(artifacts, client):
    write_version(artifacts / "fashion_mnist" / "2")
    until(client, lambda: client.get("/model/summary").json()["version"] == 2)
    shutil.rmtree(artifacts / "fashion_mnist" / "2")
    until(client, lambda: client.get("/model/summary").json()["version"] == 1)
    shutil.rmtree(artifacts / "fashion_mnist")
    time.sleep(0.3)
    assert client.get("/model/summary").json()["version"] == 1
    assert client.get("/health/ready").status_code == 200
    assert "files are gone" in versions(client, "fashion_mnist")[1]["reason"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(
            lambda f: (f / METADATA).write_text("{"), "metadata.json is not valid", id="damaged sidecar"
        ),
        pytest.param(
            lambda f: (f / METADATA).write_text(json.dumps({"schema_version": 99})),
            "schema version 99",
            id="newer",
        ),
        pytest.param(
            lambda f: Metadata(class_names=("a",)).write(f / METADATA), "names 1 classes", id="too few names"
        ),
        pytest.param(
            lambda f: Metadata(sha256={ONNX: "0" * 64}).write(f / METADATA), "SHA-256", id="another graph"
        ),
        pytest.param(
            lambda f: Metadata(sha256={"x": "0" * 64}).write(f / METADATA), "missing", id="a file missing"
        ),
        pytest.param(
            lambda f: (f / SUMMARY).write_text("[]"), "summary.json is not valid", id="damaged summary"
        ),
        pytest.param(lambda f: (f / ONNX).unlink(), "model.onnx is missing", id="no graph"),
    ],
)
def test_a_version_that_does_not_keep_the_contract_is_not_served(artifacts, make_client, spoil, says):
    spoil(write_version(artifacts / "spoilt" / "1"))
    client = make_client()
    assert says in versions(client, "spoilt")[1]["reason"]
    assert versions(client, "fashion_mnist")[1]["state"] == "ready"


def test_a_name_that_no_url_takes_is_served_under_a_safe_one(artifacts, make_client):
    write_version(artifacts / "패션 MNIST 모델" / "1")
    listed = make_client().get("/models").json()["models"]
    (found,) = [entry for entry in listed if entry["display_name"] == "패션 MNIST 모델"]
    assert re.fullmatch(r"[A-Za-z0-9._-]+", found["name"])


# what is said of a folder that is not as expected


def test_what_lies_in_the_wrong_place_is_logged_once(artifacts, make_client, caplog):
    write_version(artifacts / "named" / "v1")
    (artifacts / "empty" / "1").mkdir(parents=True)
    (artifacts / "weights.pb").write_bytes(b"")
    (artifacts / "fashion_mnist.keras").write_bytes(b"")
    client = make_client()
    until(client, lambda: "empty/1" in caplog.text)
    time.sleep(0.3)
    for oddity in (
        "named/v1 is left out: expected folders named by a version",
        "empty/1 is left out: it holds no model.keras, model.h5 or summary.json",
        "weights.pb is left out: expected a folder, or a .keras or .h5 file",
        "fashion_mnist.keras is left out: another one has the name fashion_mnist",
    ):
        assert caplog.text.count(oddity) == 1, oddity
    assert [entry["name"] for entry in client.get("/models").json()["models"]] == ["fashion_mnist"]


@pytest.mark.parametrize("name", [ONNX, SUMMARY])
def test_links_and_pipes_are_not_opened(artifacts, tmp_path, make_client, name):
    linked, piped = (
        write_version(artifacts / model / "1", class_names=None) for model in ("linked", "piped")
    )
    (linked / name).rename(tmp_path / "elsewhere")
    (linked / name).symlink_to(tmp_path / "elsewhere")
    (piped / name).unlink()
    os.mkfifo(piped / name)
    client = make_client()
    assert "symbolic link" in versions(client, "linked")[1]["reason"]
    assert "no regular file" in versions(client, "piped")[1]["reason"]


def test_several_models_without_a_default_say_how_to_ask(artifacts, make_client, caplog):
    (artifacts / "fashion_mnist").rename(artifacts / "one")
    write_version(artifacts / "two" / "1")
    client = make_client()
    message = client.post("/predict", json={"instances": []}).json()["error"]["message"]
    assert "several: one, two; ask /models/NAME/predict, or start with --default-model" in message
    assert "/predict has no model, and the server is not ready" in caplog.text
    assert message in client.get("/health/ready").json()["reason"]


def test_a_second_model_that_takes_the_default_away_is_told_of(artifacts, make_client, caplog):
    caplog.set_level("INFO")
    (artifacts / "fashion_mnist").rename(artifacts / "one")
    client = make_client()
    assert client.get("/health/ready").status_code == 200
    write_version(artifacts / "two" / "1")
    until(client, lambda: "/predict has no model, and the server is not ready: no default" in caplog.text)
    assert client.get("/health/ready").status_code == 503
    shutil.rmtree(artifacts / "two")
    until(client, lambda: "/predict has the model one" in caplog.text)
    assert client.get("/health/ready").status_code == 200


def test_a_failed_version_is_told_from_one_that_is_not_ready_yet(artifacts, make_client):
    (write_version(artifacts / "spoilt" / "1") / ONNX).write_bytes(b"")
    error = make_client().post("/models/spoilt/predict", json={"instances": []}).json()["error"]
    assert error["code"] == "model_failed" and "failed: model.onnx" in error["message"]


# versions that cannot be opened


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        pytest.param({"units": 3}, {}, "names 10 classes; the model has 3", id="another class count"),
        pytest.param({}, {"engine": "keras"}, "model file is missing", id="keras without a source"),
    ],
)
def test_a_version_that_cannot_be_opened_says_why(artifacts, make_client, changes, options, says):
    write_version(artifacts / "spoilt" / "1", **changes)
    client = make_client(**options)
    until(client, lambda: versions(client, "spoilt")[1]["state"] == "failed")
    assert says in versions(client, "spoilt")[1]["reason"]


def test_a_version_without_any_model_file_says_what_was_expected(artifacts, make_client):
    (artifacts / "bare" / "1").mkdir(parents=True)
    Metadata(class_names=CLASS_NAMES).write(artifacts / "bare" / "1" / METADATA)
    client = make_client()
    until(client, lambda: versions(client, "bare")[1]["state"] == "failed")
    assert "expected model.keras, model.h5" in versions(client, "bare")[1]["reason"]


def test_a_model_whose_inputs_have_one_name_is_not_served_and_says_so(artifacts, make_client):
    folder = write_version(artifacts / "two" / "1")
    summary = Summary.read(folder / SUMMARY)
    summary.model_copy(update={"inputs": summary.inputs * 2}).write(folder / SUMMARY)
    client = make_client()
    assert "have one name" in versions(client, "two")[1]["reason"]


def test_a_model_that_answers_another_shape_than_its_summary_states_fails(artifacts, make_client):
    folder = write_version(artifacts / "other" / "1", class_names=None)
    summary = Summary.read(folder / SUMMARY)
    outputs = (summary.outputs[0].model_copy(update={"shape": (None, 4)}),)
    summary.model_copy(update={"outputs": outputs}).write(folder / SUMMARY)
    assert "expected the output output of 1x4; got 1x10" in versions(make_client(), "other")[1]["reason"]
