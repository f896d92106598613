"""What no protocol says, or all say differently: answered the same way everywhere, in the words of each."""

import json

import numpy as np
import pytest
from operating import make_key

PIXELS = np.random.default_rng(2).integers(1, 256, (2, 28, 28), np.uint8)
ROWS = json.dumps({"instances": PIXELS.tolist()}).encode()
BOM = b"\xef\xbb\xbf"
INFER = "/v2/models/fashion_mnist/infer"


def tensor(datatype: str = "FP32", data=None, shape=(2, 28, 28)) -> dict:
    data = PIXELS.ravel().tolist() if data is None else data
    return {"name": "pixels", "shape": list(shape), "datatype": datatype, "data": data}


def infer(*tensors: dict, **more) -> bytes:
    return json.dumps({"inputs": list(tensors), **more}).encode()


def said(response) -> str:
    found = response.json()["error"]
    return found if isinstance(found, str) else found["message"]


@pytest.fixture
def operated(make_client, tmp_path):
    """A client that may manage models, with its key in `headers`."""
    headers = make_key(tmp_path / "keys.json", "operator", "admin")
    client = make_client(keys_file=tmp_path / "keys.json")
    client.headers = headers
    return client


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", ROWS),
        ("/predict", b'{"instances": [%b]}' % b",".join([b"7"] * 784)),
        ("/evaluate", ROWS[:-1] + b', "labels": [0, 1]}'),
        ("/v1/models/fashion_mnist:predict", ROWS),
        (INFER, infer(tensor())),
        (INFER, infer(tensor(data=PIXELS.tolist()))),
        ("/v2/repository/index", b'{"ready": true}'),
    ],
    ids=["native", "native, one row", "evaluate", "v1", "v2", "v2 nested", "v2 repository"],
)
def test_a_byte_order_mark_before_json_is_passed_over(client, path, body):
    plain, marked = (client.post(path, content=content) for content in (body, BOM + body))
    assert (plain.status_code, marked.status_code) == (200, 200)
    assert plain.json() == marked.json()


def test_it_is_passed_over_where_a_label_is_set(operated):
    path = "/models/fashion_mnist/labels/stable"
    response = operated.request("PUT", path, content=BOM + b'{"version": 1}', headers=operated.headers)
    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_json_in_another_encoding_is_refused(client, encoding):
    response = client.post("/predict", content=ROWS.decode().encode(encoding))
    assert response.status_code == 400 and "JSON" in said(response)


@pytest.mark.parametrize("value", [65_505, -70_000, 1e300])
def test_a_number_that_half_precision_does_not_hold_is_refused(client, value):
    data = [*PIXELS.ravel().tolist()[:-1], value]
    response = client.post(INFER, content=infer(tensor("FP16", data)))
    assert response.status_code == 400 and said(response) == "input 'pixels': a value does not fit FP16"
    assert client.post(INFER, content=infer(tensor("FP16"))).status_code == 200


TENSOR = json.dumps(tensor())


@pytest.mark.parametrize(
    "body",
    [
        f'{{"inputs": [{TENSOR}], "inputs": [{TENSOR}]}}',
        f'{{"id": "a", "id": "b", "inputs": [{TENSOR}]}}',
        f'{{"inputs": [{TENSOR[:-1]}, "shape": [1, 784, 2]}}]}}',
        f'{{"inputs": [{TENSOR[:-1]}, "data": {json.dumps(PIXELS.tolist())}}}]}}',
        f'{{"parameters": {{"timeout": 1, "timeout": 2}}, "inputs": [{TENSOR}]}}',
        f'{{"inputs": [{TENSOR}], "outputs": [{{"name": "output", "name": "other"}}]}}',
    ],
    ids=["inputs", "id", "of a tensor", "data", "of parameters", "of an output"],
)
def test_a_key_that_stands_twice_is_refused_and_the_next_body_is_read(client, body):
    for _ in range(2):
        response = client.post(INFER, content=body)
        assert response.status_code == 400 and said(response) == "a key stands twice in one JSON object"
        assert client.post(INFER, content=infer(tensor())).status_code == 200


@pytest.mark.parametrize("parameters", [[], "", 0, False, "config"])
def test_parameters_of_a_load_that_are_no_object_are_refused(operated, parameters):
    path = "/v2/repository/models/fashion_mnist/load"
    refused = operated.post(path, json={"parameters": parameters}, headers=operated.headers)
    assert refused.status_code == 400 and said(refused) == "expected 'parameters', an object"
    for good in ({"parameters": {}}, {"parameters": None}, {}):
        assert operated.post(path, json=good, headers=operated.headers).status_code == 200


@pytest.mark.parametrize("version", ["abc", "0", "-1", "1.0", "99999999999", "%20", "\u0661"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/fashion_mnist/versions/{}", 400),
        ("GET", "/v2/models/fashion_mnist/versions/{}/ready", 400),
        ("GET", "/v2/models/fashion_mnist/versions/{}/stats", 400),
        ("POST", "/v2/models/fashion_mnist/versions/{}/infer", 400),
        ("GET", "/models/fashion_mnist/versions/{}/summary", 422),
        ("POST", "/models/fashion_mnist/versions/{}/evaluate", 422),
        ("POST", "/models/fashion_mnist/versions/{}/predict", 422),
    ],
)
def test_what_is_no_version_is_told_so_in_words_of_its_protocol(client, method, path, status, version):
    response = client.request(method, path.format(version), content=ROWS if method == "POST" else None)
    assert response.status_code == status and said(response) == "a version is a positive integer"


def test_an_unloaded_model_is_told_in_words_that_fit_every_protocol(operated):
    assert operated.post("/models/fashion_mnist/unload", headers=operated.headers).status_code == 200
    for path, body in (
        ("/predict", ROWS),
        ("/v1/models/fashion_mnist:predict", ROWS),
        (INFER, infer(tensor())),
    ):
        response = operated.post(path, content=body)
        assert response.status_code == 503
        assert said(response).endswith(
            "was unloaded by an operator; it answers again when an operator loads it"
        )
