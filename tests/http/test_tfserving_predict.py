"""TensorFlow Serving's predict: requests as its documentation shows them."""

import gzip
import json

import numpy as np
import pytest

from modiste.artifact import Head
from tests.http.sockets import Running
from tests.http.tfserving import COUNT, IMAGE, PAIR, PIXELS, PREDICT, ask, named, predictions
from tests.models import expected, expected_pair, write_version


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"instances": PIXELS.tolist()}, "predictions"),
        ({"instances": (PIXELS + 0.0).tolist()}, "predictions"),
        ({"signature_name": "serving_default", "instances": PIXELS.tolist()}, "predictions"),
        ({"instances": PIXELS.tolist(), "signature_name": "serving_default"}, "predictions"),
        ({"signature_name": "", "instances": PIXELS.tolist()}, "predictions"),
        ({"instances": [{"pixels": one} for one in PIXELS.tolist()]}, "predictions"),
        ({"inputs": PIXELS.tolist()}, "outputs"),
        ({"signature_name": "serving_default", "inputs": PIXELS.tolist()}, "outputs"),
        ({"inputs": {"pixels": PIXELS.tolist()}}, "outputs"),
        ({"instances": PIXELS.tolist(), "another_key": {"is": "ignored"}}, "predictions"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_every_form_of_a_request_gets_the_outputs_of_the_model(client, document, key):
    response = ask(client, document)
    assert list(response.json()) == [key]
    np.testing.assert_allclose(predictions(response), expected(PIXELS), atol=1e-5)


def test_one_instance_is_a_list_of_one(client):
    assert predictions(ask(client, {"instances": PIXELS[:1].tolist()})).shape == (1, 10)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/fashion_mnist/versions/1:predict",
        "/V1/MODELS/fashion_mnist:PREDICT",
        "/v1/models/fashion_mnist/VERSIONS/1:predict",
        "/v1/models/fashion%5Fmnist:predict",
    ],
)
def test_a_version_may_be_named_and_cases_do_not_matter(client, path):
    assert predictions(ask(client, {"instances": PIXELS.tolist()}, path)).shape == (5, 10)


def test_the_content_type_and_the_query_mean_nothing(client):
    document = {"instances": PIXELS.tolist()}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        response = ask(client, document, f"{PREDICT}?top_k=x", **{"content-type": kind})
        assert predictions(response).shape == (5, 10)


def test_what_follows_the_object_is_not_looked_at(client):
    body = json.dumps({"instances": PIXELS[:1].tolist()})
    for more in (" \n", " 7", "]]}", "garbage"):
        assert predictions(client.post(PREDICT, content=f" {body}{more}")).shape == (1, 10)


def test_a_compressed_body_is_unpacked_and_the_answer_compressed_where_it_is_asked_for(client):
    rows = np.tile(PIXELS, (4, 1, 1))  # so many that their answer is worth compressing
    body = gzip.compress(json.dumps({"instances": rows.tolist()}).encode())
    headers = {"content-encoding": "gzip", "accept-encoding": "gzip"}
    response = client.post(PREDICT, content=body, headers=headers)
    assert response.headers["content-encoding"] == "gzip"
    np.testing.assert_allclose(predictions(response), expected(rows), atol=1e-5)


def test_raw_outputs_are_answered_whatever_they_mean(artifacts, make_client):
    write_version(artifacts / "logits" / "1", head=Head.LOGITS)
    write_version(artifacts / "number" / "1", head=Head.REGRESSION, units=1, class_names=None)
    client = make_client()
    document = {"instances": PIXELS.tolist()}
    logits = predictions(ask(client, document, "/v1/models/logits:predict"))
    powers = np.exp(logits)
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected(PIXELS), atol=1e-5)
    assert predictions(ask(client, document, "/v1/models/number:predict")).shape == (5, 1)


def test_pixels_that_look_scaled_are_answered_with_a_warning_in_a_header(client):
    response = ask(client, {"instances": (PIXELS[:1] / 255).tolist()})
    assert predictions(response).shape == (1, 10)
    assert "at most 1" in response.headers["x-warning"]


def test_several_inputs_and_outputs_by_row(pair):
    response = ask(pair, {"instances": named()}, PAIR)
    assert response.status_code == 200, response.text
    kind, size = expected_pair(IMAGE, COUNT)
    found = response.json()["predictions"]
    assert [set(one) for one in found] == [{"kind", "size"}] * 5
    np.testing.assert_allclose([one["kind"] for one in found], kind, atol=1e-5)
    np.testing.assert_allclose([one["size"] for one in found], size, rtol=1e-5)


def test_several_inputs_and_outputs_by_column(pair):
    inputs = {"image": IMAGE.tolist(), "count": COUNT.tolist(), "another": "is ignored"}
    found = ask(pair, {"inputs": inputs}, PAIR).json()["outputs"]
    kind, size = expected_pair(IMAGE, COUNT)
    assert set(found) == {"kind", "size"}
    np.testing.assert_allclose(found["kind"], kind, atol=1e-5)
    np.testing.assert_allclose(found["size"], size, rtol=1e-5)


def test_many_at_once_keep_their_rows_apart(pair):
    many = [
        {"content": json.dumps({"instances": named(IMAGE[i : i + 1], COUNT[i : i + 1])})} for i in range(5)
    ]
    found = [response.json()["predictions"][0]["size"][0] for response in pair.post_all(PAIR, many * 4)]
    np.testing.assert_allclose(found, np.tile(expected_pair(IMAGE, COUNT)[1][:, 0], 4), rtol=1e-5)


def test_a_plain_request_on_a_socket_is_answered_as_a_chunked_one_which_goes_through_asgi(settings):
    server = Running(settings)
    good = json.dumps({"instances": PIXELS.tolist()}).encode()
    with server.connect() as plainly, server.connect() as chunked:
        for body, status in ((good, 200), (good, 200), (b'{"instances": 5}', 400), (b"", 400), (good, 200)):
            for client, pieces in ((plainly, False), (chunked, True)):
                got, headers, content = client.send(f"POST {PREDICT} HTTP/1.1", body, chunked=pieces).answer()
                assert got == status and headers["x-request-id"]
                if status == 200:
                    found = json.loads(content)["predictions"]
                    np.testing.assert_allclose(found, expected(PIXELS), atol=1e-5)
                else:
                    assert set(json.loads(content)) == {"error"}
    server.stop()
