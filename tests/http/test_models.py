"""`/models`, summaries and health: what a server says of its models."""

import pytest

from modiste.artifact import METADATA, ONNX, SUMMARY
from tests.models import CLASS_NAMES


def test_models_are_listed_with_their_versions_and_states(client):
    assert client.get("/models").json() == {
        "models": [
            {
                "name": "fashion_mnist",
                "display_name": "fashion_mnist",
                "default": True,
                "versions_loaded": 2,
                "versions": [
                    {"version": 1, "state": "ready", "reason": None, "engine": "onnx", "labels": []}
                ],
            }
        ]
    }


def test_a_summary_tells_what_a_version_is(client):
    summary = client.get("/model/summary").json()
    assert (summary["name"], summary["version"], summary["engine"]) == ("fashion_mnist", 1, "onnx")
    assert summary["inputs"] == [
        {"name": "pixels", "shape": [None, 28, 28], "dtype": "float32", "range": [0.0, 255.0], "head": None}
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
