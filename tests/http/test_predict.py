"""`/predict` over HTTP: every way in gives the same answer, every option, every mistake its 4xx."""

import gzip
import io
import json
import zlib

import httpx
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from modiste.artifact import Head
from tests.bodies import npy, png
from tests.models import CLASS_NAMES, expected, write_version

PIXELS = np.random.default_rng(1).integers(0, 256, (5, 28, 28), np.uint8)
JSON = "application/json"
NPY = "application/x-npy"
RAW = "application/octet-stream"


def instances(value: object) -> dict:
    return {"content": json.dumps({"instances": value}), "headers": {"content-type": JSON}}


def binary(content: bytes, content_type: str) -> dict:
    return {"content": content, "headers": {"content-type": content_type}}


def vectors(response) -> np.ndarray:
    assert response.status_code == 200, response.text
    return np.array([p["probabilities"] for p in response.json()["predictions"]])


def message(response, status: int, code: str) -> str:
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code), response.text
    assert error["request_id"] == response.headers["x-request-id"]
    return error["message"]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(instances(PIXELS.tolist()), id="JSON"),
        pytest.param(instances((PIXELS + 0.0).tolist()), id="JSON floats"),
        pytest.param(instances(PIXELS.reshape(5, 784).tolist()), id="flat rows"),
        pytest.param(binary(npy(PIXELS), NPY), id="npy"),
        pytest.param(binary(npy(PIXELS.astype(np.float64)), NPY), id="npy of doubles"),
        pytest.param(binary(PIXELS.tobytes(), RAW), id="raw"),
        pytest.param(
            {"files": [("f", (f"{i}.png", png(p), "image/png")) for i, p in enumerate(PIXELS)]}, id="form"
        ),
        pytest.param({"files": {"f": ("all.npy", npy(PIXELS), RAW)}}, id="form with npy"),
        pytest.param({"content": json.dumps({"instances": PIXELS.tolist()})}, id="no content type"),
    ],
)
def test_every_way_in_gives_the_same_probabilities(client, request_):
    np.testing.assert_allclose(vectors(client.post("/predict", **request_)), expected(PIXELS), atol=1e-6)


def test_one_image_may_be_sent_without_a_list_or_as_a_picture(client):
    for request_ in (instances(PIXELS[0].tolist()), binary(png(PIXELS[0]), "image/png")):
        np.testing.assert_allclose(
            vectors(client.post("/predict", **request_)), expected(PIXELS[:1]), atol=1e-6
        )


def test_an_answer_names_the_model_the_version_and_the_class(client):
    document = client.post("/predict", **instances(PIXELS[:1].tolist())).json()
    best = int(expected(PIXELS[:1])[0].argmax())
    assert (document["model"], document["version"]) == ("fashion_mnist", 1)
    (prediction,) = document["predictions"]
    assert (prediction["class"], prediction["label"]) == (best, CLASS_NAMES[best])
    assert prediction["probability"] == pytest.approx(max(prediction["probabilities"]))
    assert "warnings" not in document


def test_a_form_is_answered_with_the_names_of_its_files(client):
    files = [("f", ("boot.png", png(PIXELS[0]), "image/png")), ("g", ("two.npy", npy(PIXELS[:2]), ""))]
    document = client.post("/predict", files=files).json()
    assert [p["file"] for p in document["predictions"]] == ["boot.png", "two.npy", "two.npy"]


def test_top_k_and_leaving_the_vector_out(client):
    response = client.post("/predict?top_k=3&probabilities=false", **instances(PIXELS[:1].tolist()))
    (prediction,) = response.json()["predictions"]
    order = np.argsort(-expected(PIXELS[:1])[0])[:3].tolist()
    assert [entry["class"] for entry in prediction["top"]] == order
    assert [entry["label"] for entry in prediction["top"]] == [CLASS_NAMES[i] for i in order]
    assert "probabilities" not in prediction


def test_an_npy_answer_is_the_matrix(client):
    request_ = instances(PIXELS.tolist())
    request_["headers"]["accept"] = NPY
    response = client.post("/predict", **request_)
    assert response.headers["content-type"] == NPY
    assert (response.headers["x-model"], response.headers["x-model-version"]) == ("fashion_mnist", "1")
    matrix = np.load(io.BytesIO(response.content))
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, expected(PIXELS), atol=1e-6)


def test_pixels_that_look_scaled_are_answered_with_a_warning(client):
    document = client.post("/predict", **instances((PIXELS[:1] / 255).tolist())).json()
    assert "at most 1" in document["warnings"][0]


def test_requests_at_once_each_get_their_own_answer(client):
    responses = client.post_all("/predict", [instances([p.tolist()]) for p in PIXELS] * 8)
    got = np.concatenate([vectors(response) for response in responses])
    np.testing.assert_allclose(got, np.tile(expected(PIXELS), (8, 1)), atol=1e-6)


def test_a_large_body_is_decoded_beside_the_loop_with_the_same_answer(make_client):
    client = make_client(max_body_bytes=10_000_000, max_rows_per_request=1000, max_rows_in_flight=1000)
    many = np.tile(PIXELS, (60, 1, 1))
    np.testing.assert_allclose(
        vectors(client.post("/predict", **instances(many.tolist()))), expected(many), atol=1e-6
    )
    wrong = [*many.tolist(), [[1]]]
    assert "instances[300]" in message(client.post("/predict", **instances(wrong)), 422, "invalid_input")


def test_models_and_versions_in_the_path(artifacts, make_client):
    write_version(artifacts / "fashion_mnist" / "2", seed=2)
    write_version(artifacts / "other" / "7", seed=7)
    client = make_client()
    for path, version, seed in [
        ("/predict", 2, 2),
        ("/models/fashion_mnist/predict", 2, 2),
        ("/models/fashion_mnist/versions/1/predict", 1, 0),
        ("/models/other/predict", 7, 7),
    ]:
        response = client.post(path, **instances(PIXELS.tolist()))
        assert response.json()["version"] == version
        np.testing.assert_allclose(vectors(response), expected(PIXELS, seed=seed), atol=1e-6)


@pytest.mark.parametrize(
    ("head", "units", "names", "classes"),
    [
        pytest.param(Head.LOGITS, 10, CLASS_NAMES, 10, id="logits"),
        pytest.param(Head.SIGMOID, 1, ("no", "yes"), 2, id="one sigmoid unit"),
        pytest.param(Head.LOGIT, 1, ("no", "yes"), 2, id="one logit unit"),
    ],
)
def test_whatever_the_head_the_answer_is_in_probabilities(
    artifacts, make_client, head, units, names, classes
):
    write_version(artifacts / "headed" / "1", head=head, units=units, class_names=names)
    response = make_client().post("/models/headed/predict", **instances(PIXELS.tolist()))
    got = vectors(response)
    assert got.shape == (5, classes)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-6)
    if head is Head.LOGITS:
        np.testing.assert_allclose(got, expected(PIXELS), atol=1e-6)


def test_a_regression_model_answers_a_value_and_a_multi_label_model_labels(artifacts, make_client):
    write_version(artifacts / "value" / "1", head=Head.REGRESSION, units=1, class_names=None)
    write_version(artifacts / "labels" / "1", head=Head.MULTI_LABEL, units=3, class_names=("a", "b", "c"))
    client = make_client()
    (value,) = client.post("/models/value/predict", **instances(PIXELS[:1].tolist())).json()["predictions"]
    assert list(value) == ["value"] and isinstance(value["value"], float)
    (several,) = client.post("/models/labels/predict", **instances(PIXELS[:1].tolist())).json()["predictions"]
    assert "class" not in several and [entry["label"] for entry in several["labels"]] == ["a", "b", "c"]


# mistakes


@pytest.mark.parametrize(
    ("path", "request_", "status", "code", "says"),
    [
        pytest.param("/predict", binary(b"{", JSON), 400, "malformed_body", "JSON", id="malformed JSON"),
        pytest.param("/predict", binary(b"", JSON), 400, "malformed_body", "empty", id="no body"),
        pytest.param("/predict", binary(b"no picture", "image/png"), 400, "malformed_body", "PNG", id="no picture"),
        pytest.param("/predict", binary(b"x", "multipart/form-data"), 400, "malformed_body", "form", id="no boundary"),
        pytest.param("/predict", instances([[1, 2]]), 422, "invalid_input", "28x28", id="wrong shape"),
        pytest.param("/predict", instances([]), 422, "invalid_input", "empty", id="empty"),
        pytest.param("/predict", instances([[1], [1, 2]]), 422, "invalid_input", "instances[1]", id="ragged"),
        pytest.param("/predict", instances([["a"]]), 422, "invalid_input", "string", id="strings"),
        pytest.param("/predict", instances([[True]]), 422, "invalid_input", "boolean", id="booleans"),
        pytest.param("/predict", instances([[None]]), 422, "invalid_input", "null", id="null"),
        pytest.param("/predict", instances([[float("nan")]]), 422, "invalid_input", "finite", id="NaN"),
        pytest.param("/predict", instances([[float("inf")]]), 422, "invalid_input", "finite", id="infinite"),
        pytest.param(
            "/predict", instances([[0] * 784, [0] * 783 + [256]]), 422, "invalid_input", "instances[1][27][27]", id="out of range"
        ),
        pytest.param("/predict?top_k=11", instances([[0] * 784]), 422, "invalid_input", "1 to 10", id="top_k too large"),
        pytest.param("/predict?top_k=0", instances([[0] * 784]), 422, "invalid_input", "positive", id="top_k 0"),
        pytest.param("/predict?topk=1", instances([[0] * 784]), 422, "invalid_input", "top_k", id="unknown parameter"),
        pytest.param("/predict?probabilities=no", instances([[0] * 784]), 422, "invalid_input", "true", id="no boolean"),
        pytest.param("/predict", binary(b"a=1", "application/x-www-form-urlencoded"), 415, "unsupported_media_type", "curl -d", id="form fields"),
        pytest.param("/predict", binary(b"\0" * 784 * 65, RAW), 413, "too_large", "64 rows", id="too many rows"),
        pytest.param("/predict", binary(b"\0" * 200_001, RAW), 413, "too_large", "200000 bytes", id="body too large"),
        pytest.param("/models/nope/predict", instances([]), 404, "model_not_found", "fashion_mnist", id="model"),
        pytest.param("/models/fashion_mnist/versions/9/predict", instances([]), 404, "model_not_found", "versions here: 1", id="version"),
        pytest.param("/models/fashion_mnist/versions/0/predict", instances([]), 422, "invalid_input", "positive", id="version 0"),
        pytest.param(f"/models/fashion_mnist/versions/{'0' * 20 + '1' * 5000}/predict", instances([]), 422, "invalid_input", "positive", id="a version of 5,000 digits"),
        pytest.param("/models/fashion_mnist/versions/one/predict", instances([]), 422, "invalid_input", "positive", id="no version"),
    ],
)  # fmt: skip
def test_a_mistake_gets_its_4xx_and_says_what_was_expected(client, path, request_, status, code, says):
    assert says in message(client.post(path, **request_), status, code)
    assert client.post("/predict", **instances(PIXELS[:1].tolist())).status_code == 200


@pytest.mark.parametrize(
    ("form", "says"),
    [
        pytest.param(
            {"data": {"a": "1"}, "files": {"f": ("a.npy", npy(PIXELS), "")}}, "no file", id="a field"
        ),
        pytest.param({"files": {"f": ("a", b"", "")}}, "empty", id="an empty file"),
        pytest.param({"files": {"f": ("a.txt", b"hello", "text/plain")}}, "got text/plain", id="a text"),
    ],
)
def test_a_form_of_something_else_is_refused(client, form, says):
    response = client.post("/predict", **form)
    assert 400 <= response.status_code < 500 and says in response.json()["error"]["message"]


def test_a_mistake_in_one_file_of_a_form_is_named(client):
    files = [("f", ("good.png", png(PIXELS[0]), "image/png")), ("f", ("bad.png", b"no", "image/png"))]
    assert "bad.png" in message(client.post("/predict", files=files), 400, "malformed_body")


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_gets_what_a_plain_one_gets(client, encoding, packed):
    request_ = instances([[0] * 784])
    plain = client.post("/predict", **request_).json()
    request_["headers"]["content-encoding"] = encoding
    request_["content"] = packed(request_["content"].encode())
    assert client.post("/predict", **request_).json() == plain


@pytest.mark.parametrize(
    ("damage", "status", "code"),
    [
        (lambda packed: packed[:-9], 400, "malformed_body"),
        (lambda packed: packed + b"more", 400, "malformed_body"),
        (lambda packed: b"{}", 400, "malformed_body"),
        (lambda packed: gzip.compress(bytes(1_000_000)), 413, "too_large"),
    ],
    ids=["cut short", "followed by more", "not compressed", "a bomb"],
)
def test_a_compressed_body_that_is_none_is_refused(client, damage, status, code):
    request_ = instances([[0] * 784])
    request_["headers"]["content-encoding"] = "gzip"
    request_["content"] = damage(gzip.compress(request_["content"].encode()))
    message(client.post("/predict", **request_), status, code)


def test_a_body_compressed_in_another_way_is_refused(client):
    request_ = instances([[0] * 784])
    request_["headers"]["content-encoding"] = "br"
    message(client.post("/predict", **request_), 415, "unsupported_media_type")


def test_a_streamed_body_over_the_limit_is_refused(client):
    async def chunks():
        for _ in range(300):
            yield b"\0" * 1000

    message(client.post("/predict", content=chunks(), headers={"content-type": RAW}), 413, "too_large")


def test_other_methods_are_not_allowed(client):
    response = client.get("/predict")
    assert response.headers["allow"] == "POST"
    message(response, 405, "method_not_allowed")


@pytest.mark.parametrize("value", ["0", "-5", "soon", "1e3", "0" * 10 + "9" * 5000])
def test_a_timeout_must_be_positive_milliseconds(client, value):
    request_ = instances([[0] * 784])
    request_["headers"]["x-timeout-ms"] = value
    assert "milliseconds" in message(client.post("/predict", **request_), 422, "invalid_input")


def test_too_many_rows_at_once_are_told_to_come_again(make_client):
    client = make_client(max_rows_in_flight=64)
    responses = client.post_all("/predict", [binary(bytes(784 * 60), RAW)] * 6)
    statuses = [response.status_code for response in responses]
    assert statuses.count(200) >= 1 and statuses.count(429) >= 1 and set(statuses) == {200, 429}
    refused = responses[statuses.index(429)]
    assert int(refused.headers["retry-after"]) >= 1
    assert "in flight" in message(refused, 429, "overloaded")
    assert client.post("/predict", **binary(bytes(784 * 60), RAW)).status_code == 200


FORM = httpx.Request("POST", "http://t", files={"f": ("a.png", png(PIXELS[0]), "image/png"), "g": ("b.npy", npy(PIXELS), "")})  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "good"),
    [
        pytest.param(JSON, json.dumps({"instances": PIXELS[:1].tolist()}).encode(), id="JSON"),
        pytest.param(NPY, npy(PIXELS), id="npy"),
        pytest.param("image/png", png(PIXELS[0]), id="png"),
        pytest.param(FORM.headers["content-type"], FORM.read(), id="form"),
    ],
)
@hypothesis.settings(
    max_examples=100, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(data=st.data())
def test_whatever_is_damaged_nothing_that_a_client_sends_is_a_500(client, content_type, good, data):
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    response = client.post("/predict", content=bytes(content), headers={"content-type": content_type})
    assert response.status_code < 500, response.text


# request ids


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123.X_9", True), ("a b", False), ("x" * 200, False), ("a\tb", False)]
)
def test_a_plain_request_id_is_kept_and_any_other_replaced(client, given, kept):
    for path in ("/predict", "/nope"):
        response = client.post(path, headers={"x-request-id": given})
        assert (response.headers["x-request-id"] == given) is kept
        assert response.json()["error"]["request_id"] == response.headers["x-request-id"]
