"""`/models`, summaries, health, documentation: what a server says of itself."""

import json
import os
import re
import shutil
import time

import pytest

from modiste.artifact import METADATA, ONNX, SUMMARY, Metadata, Summary
from tests.models import CLASS_NAMES, write_version


def versions(client, model: str) -> dict[int, dict]:
    listed = client.get("/models").json()["models"]
    (found,) = [entry for entry in listed if entry["name"] == model]
    return {version["version"]: version for version in found["versions"]}


def until(client, true) -> None:
    """Look again until something is so; the watcher looks every 50 ms."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, client.get("/models").text
        client.get("/health/live")
        time.sleep(0.02)


def test_models_are_listed_with_their_versions_and_states(client):
    assert client.get("/models").json() == {
        "models": [
            {
                "name": "fashion_mnist",
                "display_name": "fashion_mnist",
                "default": True,
                "versions": [{"version": 1, "state": "ready", "reason": None, "engine": "onnx"}],
            }
        ]
    }


def test_a_summary_tells_what_a_version_is(client):
    summary = client.get("/model/summary").json()
    assert (summary["name"], summary["version"], summary["engine"]) == ("fashion_mnist", 1, "onnx")
    assert summary["inputs"] == [
        {"name": "pixels", "shape": [None, 28, 28], "dtype": "float32", "range": [0.0, 255.0]}
    ]
    assert summary["class_names"] == list(CLASS_NAMES)
    assert summary["layers"][0]["parameters"] == summary["totals"]["parameters"] == 7840
    assert {file["name"] for file in summary["files"]} == {ONNX, SUMMARY, METADATA}
    assert all(file["bytes"] > 0 and len(file["sha256"]) == 64 for file in summary["files"])
    for path in ("/models/fashion_mnist/summary", "/models/fashion_mnist/versions/1/summary"):
        assert client.get(path).json() == summary


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("text/plain", True),
        ("text/plain, */*", True),
        ("*/*", False),
        ("application/json, text/plain", False),
    ],
)
def test_a_summary_is_a_table_for_who_asks_for_text(client, accept, text):
    response = client.get("/model/summary", headers={"accept": accept})
    assert response.headers["content-type"].startswith("text/plain") is text
    if text:
        assert response.text == "Model: linear, 7840 parameters"


@pytest.mark.parametrize(
    "path", ["/models/nope/summary", "/models/fashion_mnist/versions/5/summary", "/nope"]
)
def test_what_is_not_there_is_a_404_of_the_one_form(client, path):
    response = client.get(path)
    assert response.status_code == 404 and set(response.json()["error"]) == {"code", "message", "request_id"}


def test_a_path_that_does_not_fit_is_a_422_of_the_one_form(client):
    response = client.get("/models/fashion_mnist/versions/one/summary")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")


def test_live_and_ready(client):
    assert client.get("/health/live").json() == {"live": True}
    assert client.get("/health/ready").json() == {"ready": True}


def test_without_the_default_model_the_server_is_alive_and_not_ready(make_client):
    client = make_client(default_model="absent")
    assert client.get("/health/live").status_code == 200
    response = client.get("/health/ready")
    assert response.status_code == 503 and "absent" in response.json()["reason"]
    assert client.post("/predict", json={"instances": []}).status_code == 404


def test_an_empty_repository_is_served_and_not_ready(tmp_path, make_client):
    (tmp_path / "empty").mkdir()
    client = make_client(artifacts_dir=tmp_path / "empty")
    assert client.get("/models").json() == {"models": []}
    assert client.get("/health/ready").status_code == 503


# versions that come and go


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
    assert "/predict has no model to ask" in caplog.text
    assert message in client.get("/health/ready").json()["reason"]


def test_a_failed_version_is_told_from_one_that_is_not_ready_yet(artifacts, make_client):
    (write_version(artifacts / "spoilt" / "1") / ONNX).write_bytes(b"")
    error = make_client().post("/models/spoilt/predict", json={"instances": []}).json()["error"]
    assert error["code"] == "model_failed" and "failed: model.onnx" in error["message"]


# documentation


def test_the_documentation_page_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert len(links) >= 2 and "http" not in "".join(links)
    for link in links:
        assert client.get(link).status_code == 200


def test_a_browser_is_led_to_the_documentation(client):
    for path, to in (("/", "/docs"), ("/favicon.ico", "/static-offline-docs/favicon.png")):
        response = client.get(path)
        assert (response.status_code, response.headers["location"]) == (307, to)
        assert client.get(to).status_code == 200
    assert "/docs" in client.get("/nope").json()["error"]["message"]


def test_every_body_and_status_is_documented_with_examples(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/predict", "/models/{name}/predict", "/models/{name}/versions/{version}/predict"):
        operation = paths[path]["post"]
        assert set(operation["requestBody"]["content"]) == {
            "application/json",
            "application/x-npy",
            "application/octet-stream",
            "image/png",
            "image/jpeg",
            "multipart/form-data",
        }
        assert {"200", "400", "404", "413", "415", "422", "429", "503", "504"} <= set(operation["responses"])
    assert {"400", "404", "413", "415", "422", "503"} <= set(paths["/evaluate"]["post"]["responses"])
    assert {"404", "503"} <= set(paths["/model/summary"]["get"]["responses"])
    assert {"/evaluate", "/model/summary", "/models", "/health/live", "/health/ready"} <= set(paths)


def test_the_documented_examples_work_as_they_stand(client):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    answers = []
    for kind, documented in operation["requestBody"]["content"].items():
        for example in documented.get("examples", {}).values():
            if "value" in example:
                response = client.post("/predict", json=example["value"])
            else:
                body = client.get("/" + example["externalValue"])
                assert body.headers["content-type"] == kind
                response = client.post("/predict", content=body.content, headers={"content-type": kind})
            assert response.status_code == 200, response.text
            answers.append(response.json()["predictions"][0]["class"])
    assert len(answers) == 7 and len(set(answers)) == 1
    assert client.get("/docs/examples/shoe.png").status_code == 404


def test_browsers_may_call_from_the_origins_that_are_set(make_client):
    client = make_client(cors_origins="https://a.example")
    asked = {"origin": "https://a.example", "access-control-request-method": "POST"}
    response = client.request("OPTIONS", "/predict", headers=asked)
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    response = client.get("/health/live", headers={"origin": "https://b.example"})
    assert "access-control-allow-origin" not in response.headers


def test_behind_a_root_path_every_route_answers(make_client):
    client = make_client(root_path="/ml")
    assert "/ml/openapi.json" in client.get("/ml/docs").text
    assert client.get("/ml/health/ready").status_code == 200
    assert client.post("/ml/predict", json={"instances": [[0] * 784]}).status_code == 200


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


def test_a_model_of_several_inputs_is_not_served_and_says_so(artifacts, make_client):
    folder = write_version(artifacts / "two" / "1")
    summary = Summary.read(folder / SUMMARY)
    summary.model_copy(update={"inputs": summary.inputs * 2}).write(folder / SUMMARY)
    client = make_client()
    assert "2 inputs" in versions(client, "two")[1]["reason"]


def test_a_model_that_answers_another_shape_than_its_summary_states_fails(artifacts, make_client):
    folder = write_version(artifacts / "other" / "1", class_names=None)
    summary = Summary.read(folder / SUMMARY)
    outputs = (summary.outputs[0].model_copy(update={"shape": (None, 4)}),)
    summary.model_copy(update={"outputs": outputs}).write(folder / SUMMARY)
    assert "expected outputs of 1x4" in versions(make_client(), "other")[1]["reason"]
