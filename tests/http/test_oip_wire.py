"""The Open Inference Protocol on the wire: forms that the client does not send, and every mistake its 400."""

import gzip
import json

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.http.sockets import Running
from tests.models import expected, write_pair, write_version

PIXELS = np.random.default_rng(1).integers(0, 256, (2, 28, 28), np.uint8)
INFER = "/v2/models/fashion_mnist/infer"
LENGTH = "inference-header-content-length"


@pytest.fixture
def running(settings):
    server = Running(settings)
    yield server
    server.stop()


def tensor(**changes) -> dict:
    plain = {"name": "pixels", "shape": [2, 28, 28], "datatype": "UINT8", "data": PIXELS.reshape(-1).tolist()}
    return {key: value for key, value in (plain | changes).items() if value is not ...}


def request(*inputs: dict, **more) -> dict:
    return {"inputs": list(inputs) or [tensor()], **more}


def ask(client, document: object, behind: bytes | None = None, path: str = INFER, **headers: str):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    if behind is not None:
        headers = {LENGTH: str(len(body)), **headers}
    return client.post(path, content=body + (behind or b""), headers=headers)


def outputs(response) -> np.ndarray:
    assert response.status_code == 200, response.text
    found = response.json()["outputs"][0]
    assert (found["name"], found["datatype"]) == ("output", "FP32")
    return np.array(found["data"]).reshape(found["shape"])


def message(response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    return response.json()["error"]


@pytest.mark.parametrize(
    "data", [PIXELS.tolist(), PIXELS.reshape(-1).tolist(), PIXELS.reshape(2, -1).tolist()]
)
@pytest.mark.parametrize("datatype", ["UINT8", "INT16", "FP32"])
def test_data_may_be_nested_or_flat(client, data, datatype):
    response = ask(client, request(tensor(data=data, datatype=datatype), id="seven"))
    np.testing.assert_allclose(outputs(response), expected(PIXELS), atol=1e-5)
    assert response.json()["id"] == "seven"
    assert LENGTH not in response.headers


def test_without_an_id_none_comes_back(client):
    assert set(ask(client, request()).json()) == {"model_name", "model_version", "outputs"}


def test_one_row_may_be_sent_without_any_json(client):
    row = PIXELS[:1].astype(np.float32)
    response = client.post(INFER, content=row.tobytes(), headers={LENGTH: "0"})
    length = int(response.headers[LENGTH])
    document = json.loads(response.content[:length])
    assert document["outputs"][0]["parameters"] == {"binary_data_size": 40}
    found = np.frombuffer(response.content[length:], np.float32)
    np.testing.assert_allclose(found, expected(row)[0], atol=1e-5)


def test_outputs_as_bytes_for_all_or_for_one(client):
    for document in (
        request(parameters={"binary_data_output": True}),
        request(outputs=[{"name": "output", "parameters": {"binary_data": True}}]),
    ):
        response = ask(client, document)
        assert response.headers["content-type"] == "application/octet-stream"
        found = np.frombuffer(response.content[int(response.headers[LENGTH]) :], "<f4").reshape(2, 10)
        np.testing.assert_allclose(found, expected(PIXELS), atol=1e-5)
    listed = [{"name": "output", "parameters": {"binary_data": False}}]
    plain = ask(client, request(outputs=listed, parameters={"binary_data_output": True}))
    np.testing.assert_allclose(outputs(plain), expected(PIXELS), atol=1e-5)


def test_booleans_are_numbers_to_a_model_of_numbers(artifacts, make_client):
    write_version(artifacts / "flags" / "1", shape=(4,), limits=None, class_names=None)
    flags = [[True, False, True, True], [False, False, False, True]]
    one = {"name": "pixels", "shape": [2, 4], "datatype": "BOOL"}
    client, path = make_client(), "/v2/models/flags/infer"
    wanted = expected(np.array(flags, np.float32))
    np.testing.assert_allclose(
        outputs(ask(client, request({**one, "data": flags}), path=path)), wanted, atol=1e-5
    )
    behind = np.array(flags).tobytes()
    binary = request({**one, "parameters": {"binary_data_size": 8}})
    np.testing.assert_allclose(outputs(ask(client, binary, behind, path)), wanted, atol=1e-5)
    assert "true and false" in message(ask(client, request({**one, "data": [1] * 8}), path=path))


def test_whole_numbers_keep_all_their_digits(artifacts, make_client):
    write_pair(artifacts / "pair" / "1")
    image = {"name": "image", "shape": [1, 4], "datatype": "FP32", "data": [1, 0, 0, 0]}
    count = {"name": "count", "shape": [1, 1], "datatype": "INT32", "data": [2**31 - 1]}
    client, path = make_client(), "/v2/models/pair/infer"
    response = ask(client, request(image, count, outputs=[{"name": "size"}]), path=path)
    assert response.json()["outputs"][0]["data"] == [np.float32(2**31 - 1)]
    assert "does not fit INT32" in message(ask(client, request(image, count | {"data": [2**31]}), path=path))
    assert "whole numbers" in message(ask(client, request(image, count | {"data": [1.5]}), path=path))
    assert "must be INT32" in message(ask(client, request(image, count | {"datatype": "FP32"}), path=path))


SIZE = {"binary_data_size": PIXELS.nbytes}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param(b"{", "failed to parse the request JSON buffer", id="no json"),
        pytest.param(b"[]", "expected a JSON object", id="no object"),
        pytest.param({}, "expected 'inputs'", id="no inputs"),
        pytest.param({"inputs": []}, "expected 'inputs'", id="empty inputs"),
        pytest.param({"inputs": [7]}, "to be an object", id="an input that is none"),
        pytest.param(request(tensor(name="x")), "expected 'pixels'", id="another name"),
        pytest.param(request(tensor(), tensor()), "stands twice", id="twice"),
        pytest.param(request(tensor(shape=...)), "'shape', a list like [n,28,28]", id="no shape"),
        pytest.param(request(tensor(shape=[2, 784])), "got [2,784]", id="wrong shape"),
        pytest.param(request(tensor(shape=[2, 28, -28])), "whole numbers", id="negative shape"),
        pytest.param(request(tensor(shape=[0, 28, 28], data=[])), "at least one row", id="no rows"),
        pytest.param(request(tensor(shape=[3, 28, 28])), "2352 values; its data hold 1568", id="too few"),
        pytest.param(request(tensor(shape=[65, 28, 28], data=[0] * 65 * 784)), "at most 64 rows", id="many"),
        pytest.param(request(tensor(datatype=...)), "must be FP32, or one", id="no datatype"),
        pytest.param(
            request(tensor(datatype="FP64")),
            "or one that it holds without loss: BOOL, UINT8, UINT16, INT8, INT16, FP16, FP32, BF16; got FP64",
            id="too wide",
        ),
        pytest.param(request(tensor(datatype="BYTES")), "must be FP32, or one", id="texts"),
        pytest.param(request(tensor(datatype="BF16")), "binary data alone", id="bf16 in json"),
        pytest.param(request(tensor(data=...)), "or a 'binary_data_size'", id="no data"),
        pytest.param(request(tensor(data="x")), "whole numbers of UINT8 alone", id="data no list"),
        pytest.param(request(tensor(data=[[1], "x"])), "whole numbers of UINT8 alone", id="a text"),
        pytest.param(
            request(tensor(data=[200] * 1568, datatype="INT8")), "does not fit INT8", id="over the datatype"
        ),
        pytest.param(
            request(tensor(data=[300] * 1568, datatype="INT16")),
            "outside the model's range",
            id="over the range",
        ),
        pytest.param(
            request(tensor(data=..., parameters=SIZE)), "expecting 1568 additional bytes", id="no bytes"
        ),
        pytest.param(
            request(tensor(parameters={"shared_memory_region": "a"})), "shared memory", id="shared memory"
        ),
        pytest.param(request(outputs=[{"name": "x"}]), "this model has 'output'", id="another output"),
        pytest.param(request(outputs="output"), "expected 'outputs', a list", id="outputs no list"),
        pytest.param(
            request(outputs=[{"name": "output", "parameters": {"classification": -1}}]),
            "how many classes",
            id="classes",
        ),
        pytest.param(request(tensor(data=[10**20] * 1568, datatype="FP32")), "too many digits", id="digits"),
        pytest.param(request(tensor(shape=[2**100, 28, 28])), "too many digits", id="digits of a shape"),
        pytest.param(request(parameters={"timeout": 2**80}), "too many digits", id="digits of a parameter"),
        pytest.param(
            request(tensor(datatype="FP32", data=[float("nan")] * 1568)), "a number is NaN", id="nan"
        ),
        pytest.param(json.dumps(request()).encode()[:-3], "at line 1 column", id="where"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="deep"),
        pytest.param(b"\xff\xfe", "need the header Inference-Header-Content-Length", id="no text"),
        pytest.param(request(id=7), "'id', a text", id="id no text"),
        pytest.param(request(parameters=[]), "'parameters', an object", id="parameters"),
        pytest.param(request(parameters={"timeout": "x"}), "number of microseconds", id="timeout"),
        pytest.param(request(parameters={"priority": -1}), "priority is a whole number", id="priority"),
        pytest.param(request(parameters={"binary_data_output": 1}), "true or false", id="flag"),
    ],
)
def test_a_mistake_says_what_was_expected_and_where(client, document, says):
    assert says in message(ask(client, document))
    np.testing.assert_allclose(outputs(ask(client, request())), expected(PIXELS), atol=1e-5)


BINARY = request(tensor(data=..., parameters=SIZE))


@pytest.mark.parametrize(
    ("document", "behind", "says"),
    [
        (BINARY, PIXELS.tobytes()[:-1], "expecting 1 additional bytes"),
        (BINARY, PIXELS.tobytes() + b"x", "unexpected additional input data"),
        (request(tensor(data=..., parameters={"binary_data_size": 7})), bytes(7), "make 1568 bytes"),
        (request(tensor(data=..., parameters={"binary_data_size": True})), bytes(1), "make 1568 bytes"),
        (request(tensor(data=..., datatype="FP32", parameters={"binary_data_size": 6272})),
         np.full(1568, np.nan, np.float32).tobytes(), "pixels[0][0][0] is not a finite number"),
    ],
)  # fmt: skip
def test_binary_data_of_another_size_are_refused(client, document, behind, says):
    assert says in message(ask(client, document, behind))


@pytest.mark.parametrize("length", ["x", "-1", "99999999", "1e3", "9" * 30])
def test_a_length_of_the_json_that_cannot_be_is_refused(client, length):
    said = message(ask(client, request(), b"", **{LENGTH: length}))
    assert "Inference-Header-Content-Length" in said or "in range" in said


@pytest.mark.parametrize("size", [0, 1, 3135, 6272])
def test_a_row_without_json_must_have_its_size(client, size):
    assert "expected 3136 bytes" in message(client.post(INFER, content=bytes(size), headers={LENGTH: "0"}))


def test_a_deadline_that_cannot_be_held_is_a_504(artifacts, make_client):
    write_version(artifacts / "slow" / "1", slowness=3)
    client = make_client(inline_compute_ms=0)
    late = request(parameters={"timeout": 1})
    assert "deadline" in message(ask(client, late, path="/v2/models/slow/infer"), 504)


def test_more_rows_than_there_is_room_for_are_a_503(make_client):
    client = make_client(max_rows_in_flight=64, max_rows_per_request=64)
    bulk = request(tensor(shape=[64, 28, 28], data=[0] * 64 * 784))
    many = [{"content": json.dumps(bulk).encode()}] * 8
    answers = client.post_all(INFER, many)
    refused = [one for one in answers if one.status_code != 200]
    assert refused and len(refused) < 8
    for one in refused:
        assert "in flight" in message(one, 503)
        assert one.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nothing", 404),
        ("GET", "/v2/models/nothing", 404),
        ("GET", "/v2/models/nothing/ready", 404),
        ("GET", "/v2/models/fashion_mnist/versions/x", 400),
        ("GET", "/v2/models/fashion_mnist/versions/9/config", 404),
        ("GET", INFER, 405),
        ("POST", "/v2/models/fashion_mnist/versions/x/infer", 400),
        ("POST", "/v2/models/nothing/infer", 404),
        ("DELETE", "/v2", 405),
    ],
)
def test_what_is_not_there_is_told_in_the_words_of_the_protocol(client, method, path, status):
    message(client.request(method, path, content=b"{}" if method == "POST" else None), status)


def test_health_tells_whether_requests_should_come(client, make_client, tmp_path):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models").json() == {"models": ["fashion_mnist"]}
    (tmp_path / "empty").mkdir()
    empty = make_client(artifacts_dir=tmp_path / "empty")
    assert empty.get("/v2/health/live").status_code == 200
    assert empty.get("/v2/health/ready").status_code == 503


def test_the_index_lists_what_failed_with_its_reason(artifacts, make_client):
    broken = artifacts / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "summary.json").write_text("{}")
    client = make_client()
    listed = client.post("/v2/repository/index").json()
    assert [(one["name"], one["state"]) for one in listed] == [
        ("broken", "UNAVAILABLE"),
        ("fashion_mnist", "READY"),
    ]
    assert "summary.json" in listed[0]["reason"]
    ready = client.post("/v2/repository/index", content=b'{"ready": true}').json()
    assert [one["name"] for one in ready] == ["fashion_mnist"]
    for wrong in (b'{"ready": 1}', b"[]", b"{"):
        message(client.post("/v2/repository/index", content=wrong))


@hypothesis.settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_body_is_a_200_or_a_400(client, data):
    """And never a crash, a hang, or an answer of another number of rows."""
    small = request(tensor(shape=[1, 28, 28], data=[7] * 784), id="x", parameters={"priority": 2})
    good = bytearray(json.dumps(small).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(good) - 1))
        piece = st.sampled_from(
            [b"", b"[", b"]", b",", b"7", b'"', b"{", b"}", b"null", b"-", b"e9", b"\xff"]
        )
        good[at : at + data.draw(st.integers(0, 3))] = data.draw(piece)
        if not good:
            return
    binary = data.draw(st.booleans())
    response = ask(client, bytes(good), data.draw(st.binary(max_size=9)) if binary else None)
    assert response.status_code in (200, 400), response.text
    if response.status_code == 200:
        assert response.json()["outputs"][0]["shape"] == [1, 10]
    if not binary:
        # A space makes the same JSON go another way, where its numbers are not taken out first.
        slow = ask(client, bytes(good).replace(b'"data":', b'"data" :'))
        assert slow.status_code == response.status_code
        assert slow.text == response.text or response.status_code == 400


def test_data_of_something_else_are_not_taken_for_the_tensors(client):
    for place in (
        request(tensor(data=..., parameters={"data": [7] * 1568})),
        request(tensor(data=...), data=[7] * 1568),
        request(tensor(data=...), parameters={"data": [7] * 1568}),
    ):
        assert "expected 'data'" in message(ask(client, place))


@pytest.mark.parametrize("rows", [1, 20, 40], ids=["small", "some kilobytes", "large"])
def test_answers_are_compressed_where_that_is_asked_for_and_worth_it(running, rows):
    """Over a socket: a small one is sent as it is, a large one is compressed beside the loop."""
    pixels = np.tile(PIXELS[:1], (rows, 1, 1)).astype(np.uint8)
    listed = [{"name": "output"}] * (25 if rows == 40 else 1)
    one = tensor(shape=[rows, 28, 28], data=pixels.reshape(-1).tolist())
    body = json.dumps(request(one, outputs=listed)).encode()
    head = f"POST {INFER} HTTP/1.1\naccept-encoding: br, gzip;q=0.5, deflate"
    with running.connect() as connection:
        for _ in range(2):
            status, headers, answer = connection.send(head, body).answer()
            assert status == 200
            assert headers.get("content-encoding") == (None if rows == 1 else "gzip")
            found = json.loads(gzip.decompress(answer) if rows > 1 else answer)["outputs"]
            assert len(found) == len(listed) and found[-1]["shape"] == [rows, 10]
            np.testing.assert_allclose(
                np.array(found[-1]["data"]).reshape(rows, 10),
                np.tile(expected(PIXELS)[:1], (rows, 1)),
                atol=1e-5,
            )


def test_pixels_that_look_scaled_are_answered_with_a_warning(client):
    scaled = tensor(datatype="FP32", data=(PIXELS / 255).reshape(-1).tolist())
    assert "at most 1" in ask(client, request(scaled)).headers["x-warning"]
    assert "x-warning" not in ask(client, request()).headers
