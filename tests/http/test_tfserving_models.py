"""TensorFlow Serving's other calls: classify, regress, status, metadata; paths, errors and browsers."""

import json

import numpy as np
import pytest
from watching import until

from modiste.artifact import ONNX, Head
from service.http_errors import INTERNAL_MESSAGE
from tests.models import CLASS_NAMES, expected, expected_pair, write_pair, write_version

RANDOM = np.random.default_rng(12)
PIXELS = RANDOM.integers(0, 256, (3, 28, 28), np.uint8)
IMAGE = RANDOM.normal(0, 1, (3, 4)).astype(np.float32)
COUNT = RANDOM.integers(0, 9, (3, 1)).astype(np.int32)
CLASSIFY = "/v1/models/fashion_mnist:classify"


def ask(client, document: object, path: str = CLASSIFY):
    return client.post(path, content=json.dumps(document))


def results(response) -> list:
    assert response.status_code == 200, response.text
    assert list(response.json()) == ["results"]
    return response.json()["results"]


def error(response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    document = response.json()
    assert list(document) == ["error"]
    return document["error"]


# classify and regress


@pytest.mark.parametrize("pixels", [PIXELS, PIXELS.reshape(3, 784)], ids=["nested", "flat, as features are"])
def test_classify_gives_every_label_with_its_score(client, pixels):
    found = results(ask(client, {"examples": [{"pixels": one} for one in pixels.tolist()]}))
    assert [[label for label, _ in row] for row in found] == [list(CLASS_NAMES)] * 3
    np.testing.assert_allclose([[score for _, score in row] for row in found], expected(PIXELS), atol=1e-5)


@pytest.mark.parametrize(
    ("head", "units", "labels"),
    [
        (Head.LOGITS, 10, [str(index) for index in range(10)]),
        (Head.SIGMOID, 1, ["0", "1"]),
        (Head.LOGIT, 1, ["0", "1"]),
        (Head.MULTI_LABEL, 3, ["0", "1", "2"]),
    ],
)
def test_every_head_that_tells_classes_apart_gives_probabilities(artifacts, make_client, head, units, labels):
    write_version(artifacts / "other" / "1", head=head, units=units, class_names=None)
    client = make_client()
    found = results(ask(client, {"examples": [{"pixels": PIXELS[0].tolist()}]}, "/v1/models/other:classify"))[
        0
    ]
    assert [label for label, _ in found] == labels
    scores = np.array([score for _, score in found])
    if head is Head.LOGITS:
        np.testing.assert_allclose(scores, expected(PIXELS[:1])[0], atol=1e-5)
    elif units == 1:
        assert scores.sum() == pytest.approx(1)
    assert ((scores > 0) & (scores < 1)).all()


def test_what_examples_share_may_stand_in_the_context(artifacts, make_client):
    write_pair(artifacts / "pair" / "1")
    client = make_client()
    kind, size = expected_pair(IMAGE, np.full((3, 1), 4))
    document = {
        "signature_name": "serving_default",
        "context": {"count": 4, "another": "is ignored"},
        "examples": [{"image": one} for one in IMAGE.tolist()],
    }
    np.testing.assert_allclose(
        results(ask(client, document, "/v1/models/pair:regress")), size[:, 0], rtol=1e-5
    )
    found = results(ask(client, document, "/v1/models/pair:classify"))
    np.testing.assert_allclose([[score for _, score in row] for row in found], kind, atol=1e-5)
    document["examples"][0]["count"] = [1]
    own = results(ask(client, document, "/v1/models/pair:regress"))
    assert own[0] * 4 == pytest.approx(size[0, 0], rel=1e-5)
    np.testing.assert_allclose(own[1:], size[1:, 0], rtol=1e-5)


def test_regress_gives_a_number_a_row(artifacts, make_client):
    write_version(
        artifacts / "number" / "1", head=Head.REGRESSION, units=1, shape=(4,), limits=None, class_names=None
    )
    client, path = make_client(), "/v1/models/number:regress"
    document = {"examples": [{"pixels": one} for one in IMAGE.tolist()]}
    found = results(ask(client, document, path))
    raw = ask(client, {"instances": IMAGE.tolist()}, "/v1/models/number:predict").json()["predictions"]
    assert [[number] for number in found] == raw
    assert "classification signature" in error(ask(client, document, "/v1/models/number:classify"))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "key 'examples' is expected and was not found"),
        ({"examples": 5}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [5]}, "Example must be JSON object but got JSON Number at examples[0]"),
        ({"examples": [{}], "context": []}, "Example must be JSON object but got JSON Array at context"),
        ({"examples": [{"image": [1]}]}, "Feature: pixels (data type: float) is required"),
        ({"examples": [{"pixels": [1, 2]}]}, "unexpected size: 2 at level: 0 expected size: 28"),
        ({"examples": [{"pixels": [1] * 783 + ["x"]}]}, "examples[0].pixels[783] Type: String"),
        ({"examples": [{"pixels": [1] * 783 + [{"b64": "eA=="}]}]}, "examples[0].pixels[783] is the base64"),
        ({"examples": [{"pixels": [1] * 783 + [300]}]}, "outside the model's range"),
        ({"examples": [{"pixels": 5}]}, "examples[0].pixels Type: Number found at incorrect level: 1"),
        ({"examples": [{"pixels": [0] * 784}] * 65}, "64 rows"),
    ],
)
def test_what_is_wrong_with_examples_is_a_400(client, document, says):
    assert says in error(ask(client, document))


def test_a_classifier_does_not_regress(client):
    says = error(ask(client, {"examples": [{"pixels": [0] * 784}]}, "/v1/models/fashion_mnist:regress"))
    assert says.startswith("Expected regression signature method_name to be tensorflow/serving/regress.")


# status and metadata


def status(version: str, state: str, code: str = "OK", message: str = "") -> dict:
    return {"version": version, "state": state, "status": {"error_code": code, "error_message": message}}


@pytest.mark.parametrize("path", ["/v1/models/fashion_mnist", "/V1/Models/fashion_mnist/Versions/1"])
def test_the_status_of_a_model_and_of_a_version(client, path):
    assert client.get(path).json() == {"model_version_status": [status("1", "AVAILABLE")]}


def test_the_status_tells_every_version_the_newest_first(artifacts, client):
    for version in (2, 3):
        write_version(artifacts / "fashion_mnist" / str(version), seed=version)
    folder = write_version(artifacts / "fashion_mnist" / "4")
    (folder / ONNX).write_bytes(b"no graph")

    def states() -> dict[str, str]:
        found = client.get("/v1/models/fashion_mnist").json()["model_version_status"]
        assert [one["version"] for one in found] == sorted((one["version"] for one in found), reverse=True)
        return {one["version"]: one["state"] for one in found}

    until(
        client, lambda: states() == {"4": "END", "3": "AVAILABLE", "2": "AVAILABLE", "1": "END"} or states()
    )
    until(client, lambda: states().get("3") == "AVAILABLE" and states().get("4") == "END")
    (failed,) = client.get("/v1/models/fashion_mnist/versions/4").json()["model_version_status"]
    assert failed["status"]["error_code"] == "INTERNAL" and "SHA-256" in failed["status"]["error_message"]
    response = ask(client, {"instances": PIXELS.tolist()}, "/v1/models/fashion_mnist/versions/4:predict")
    assert "SHA-256" in error(response, 503)


def test_all_models_are_listed_by_name(artifacts, make_client):
    write_pair(artifacts / "pair" / "1")
    assert make_client().get("/v1/models").json() == {"models": ["fashion_mnist", "pair"]}


def tensor(dtype: str, sizes: list[int], name: str) -> dict:
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": name}


@pytest.mark.parametrize("path", ["/v1/models/pair/metadata", "/v1/models/pair/versions/1/metadata"])
def test_the_metadata_tell_inputs_and_outputs(artifacts, make_client, path):
    write_pair(artifacts / "pair" / "1")
    signature = {
        "inputs": {
            "image": tensor("DT_FLOAT", [-1, 4], "serving_default_image:0"),
            "count": tensor("DT_INT32", [-1, 1], "serving_default_count:0"),
        },
        "outputs": {
            "kind": tensor("DT_FLOAT", [-1, 3], "StatefulPartitionedCall:0"),
            "size": tensor("DT_FLOAT", [-1, 1], "StatefulPartitionedCall:1"),
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    assert make_client().get(path).json() == {
        "model_spec": {"name": "pair", "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


# what is not there


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("POST", "/v1/models/foo:predict", 404, "Servable not found for request: Latest(foo)"),
        (
            "POST",
            "/v1/models/foo/versions/50:classify",
            404,
            "Servable not found for request: Specific(foo, 50)",
        ),
        ("POST", "/v1/models/fashion_mnist/versions/50:predict", 404, "Specific(fashion_mnist, 50): "),
        ("GET", "/v1/models/foo", 404, "Could not find any versions of model foo"),
        (
            "GET",
            "/v1/models/fashion_mnist/versions/50",
            404,
            "Could not find version 50 of model fashion_mnist",
        ),
        ("GET", "/v1/models/foo/metadata", 404, "Servable not found for request: Latest(foo)"),
        (
            "GET",
            "/v1/models/foo/versions/50/metadata",
            404,
            "Servable not found for request: Specific(foo, 50)",
        ),
        (
            "POST",
            "/v1/models/fashion_mnist/labels/canary:predict",
            400,
            "Unrecognized servable version label: canary",
        ),
        ("GET", "/v1/models/fashion_mnist/labels/canary", 400, "Unrecognized servable version label: canary"),
        ("GET", "/v1/models/versions/1", 400, "Missing model name in request."),
        ("POST", "/v1/models/fashion_mnist/versions/0:predict", 400, "a version is a positive integer"),
    ],
)
def test_what_is_not_there_is_named(client, method, path, status, says):
    assert says in error(client.request(method, path), status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models/fashion_mnist:predict"),
        ("PUT", "/v1/models/fashion_mnist/versions/1:classify"),
        ("POST", "/v1/models/fashion_mnist"),
        ("POST", "/v1/models"),
        ("POST", "/v1/models/fashion_mnist:explain"),
        ("POST", "/v1/models/fashion_mnist/versions/one:predict"),
        ("POST", "/v1/models/fashion_mnist:predict/"),
        ("POST", "/v1/models/fashion_mnist/versions/1/labels/a:predict"),
        ("GET", "/v1/models/fashion_mnist/"),
        ("GET", "/v1/models/fashion_mnist/versions/one"),
        ("GET", "/v1/models/fashion_mnist:metadata"),
        ("GET", "/v1/"),
        ("DELETE", "/v1/anything"),
        ("OPTIONS", "/v1/models/fashion_mnist:predict"),
    ],
)
def test_a_path_or_a_method_that_there_is_not_is_a_malformed_request(client, method, path):
    assert error(client.request(method, path)) == f"Malformed request: {method} {path}"


def test_an_unexpected_failure_tells_nothing_in_the_same_words(client):
    async def fail(request: object) -> None:
        raise RuntimeError("a secret")

    client.web.add_route("/v1/fail", fail, methods=["DELETE"])
    assert error(client.request("DELETE", "/v1/fail"), 500) == INTERNAL_MESSAGE


def test_a_label_leads_to_its_version(artifacts, make_client):
    write_version(artifacts / "fashion_mnist" / "2", seed=5)
    client = make_client()
    client.run(client.parts.operators.label("fashion_mnist", "stable", 1))
    body = json.dumps({"instances": np.full((1, 28, 28), 7).tolist()})
    labelled = client.post("/v1/models/fashion_mnist/labels/stable:predict", content=body).json()
    first = client.post("/v1/models/fashion_mnist/versions/1:predict", content=body).json()
    newest = client.post("/v1/models/fashion_mnist:predict", content=body).json()
    assert labelled == first != newest
    status = client.get("/v1/models/fashion_mnist/labels/stable").json()["model_version_status"]
    assert [one["version"] for one in status] == ["1"]
    metadata = client.get("/v1/models/fashion_mnist/labels/stable/metadata").json()
    assert metadata["model_spec"]["version"] == "1"


# around it


def test_browsers_may_ask_from_the_origins_that_are_set(make_client):
    client = make_client(cors_origins="https://a.example")
    for path in (CLASSIFY, "/v1/models/fashion_mnist"):
        asked = {
            "origin": "https://a.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        response = client.request("OPTIONS", path, headers=asked)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        assert "POST" in response.headers["access-control-allow-methods"]
    response = client.post(CLASSIFY, content=b"", headers={"origin": "https://a.example"})
    assert error(response) and response.headers["access-control-allow-origin"] == "https://a.example"


def test_behind_a_root_path_the_same_is_answered(make_client):
    client = make_client(root_path="/ml")
    assert client.get("/ml/v1/models/fashion_mnist").status_code == 200
    assert (
        client.post("/ml/v1/models/fashion_mnist:predict", json={"instances": PIXELS.tolist()}).status_code
        == 200
    )
    assert error(client.get("/ml/v1/nope")) == "Malformed request: GET /v1/nope"
