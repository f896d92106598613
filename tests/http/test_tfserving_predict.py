"""TensorFlow Serving's predict: requests as its documentation shows them, and what is wrong with a body."""

import gzip
import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from modiste.artifact import Head
from service.codecs.bodies import InputLimits
from service.dialects.tfserving import TensorFlowServing
from service.errors import InvalidInput
from service.signature import Input, Signature
from tests.http.sockets import Running
from tests.models import expected, expected_pair, write_pair, write_version
from tests.signatures import plain

RANDOM = np.random.default_rng(11)
PIXELS = RANDOM.integers(0, 256, (5, 28, 28), np.uint8)
IMAGE = RANDOM.normal(0, 1, (5, 4)).astype(np.float32)
COUNT = RANDOM.integers(0, 9, (5, 1)).astype(np.int32)
PREDICT = "/v1/models/fashion_mnist:predict"
PAIR = "/v1/models/pair:predict"


@pytest.fixture
def pair(artifacts, make_client):
    write_pair(artifacts / "pair" / "1")
    return make_client()


def ask(client, document: object, path: str = PREDICT, **headers: str):
    return client.post(path, content=json.dumps(document), headers=headers)


def predictions(response) -> np.ndarray:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    (found,) = response.json().values()
    return np.array(found)


def error(response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    document = response.json()
    assert list(document) == ["error"]
    return document["error"]


def named(image: np.ndarray = IMAGE, count: np.ndarray = COUNT) -> list[dict]:
    return [{"image": i, "count": c} for i, c in zip(image.tolist(), count.tolist(), strict=True)]


# what is answered


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


# what is refused


def pixels_with(value: str) -> str:
    """A body of two rows; a value of the second is another one."""
    body = json.dumps({"instances": np.full((2, 28, 28), 7).tolist()})
    return body[::-1].replace("7", value[::-1], 1)[::-1]


LAST = "instances[1][27][27]"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param("", "JSON Parse error: The document is empty", id="nothing"),
        pytest.param("   ", "JSON Parse error: Expecting value at offset: 3", id="blanks"),
        pytest.param('{"instances": [[1', "at offset: 17", id="cut short"),
        pytest.param(b'{"instances": "\xff"}', "JSON Parse error: Invalid UTF-8 at offset: 15", id="no text"),
        pytest.param('{"instances": ' + "[" * 50_000, "nested too deeply", id="deep"),
        pytest.param('{"instances": [' + "9" * 5000 + "]}", "too many digits", id="too many digits"),
        pytest.param("[1, 2]", "Type: Array Is not object", id="no object"),
        pytest.param("{}", "Missing 'inputs' or 'instances' key", id="no key"),
        pytest.param('{"instances": [1], "inputs": [1]}', "expecting only one of 'inputs' or", id="both"),
        pytest.param('{"instances": [1], "instances": [2]}', "twice", id="a key twice"),
        pytest.param('{"instances": 5}', "Expecting 'instances' to be an list/array", id="a number"),
        pytest.param('{"instances": {"pixels": [1]}}', "Expecting 'instances' to be an", id="an object"),
        pytest.param('{"instances": []}', "No values in 'instances' array", id="empty"),
        pytest.param('{"inputs": []}', "size: 0 at level: 0 expected size: at least 1", id="no column"),
        pytest.param('{"inputs": 5}', "inputs Type: Number found at incorrect level: 1", id="no batch"),
        pytest.param('{"inputs": {"image": []}}', "Missing named input: pixels in 'inputs'", id="not named"),
        pytest.param(
            '{"instances": [[]], "signature_name": 5}', "'signature_name' key must be a string", id="no name"
        ),
        pytest.param(
            '{"instances": [[]], "signature_name": "s"}',
            'Serving signature name: "s" not found in signature def',
            id="another signature",
        ),
        pytest.param(
            '{"instances": [[]], "signature_name": "\\ud800"}',
            "not found in signature def",
            id="half a character",
        ),
        pytest.param(
            json.dumps({"instances": PIXELS[0].tolist()}),
            "Failed to process element: 0 of 'instances' list. Error: JSON Value at instances[0][0] "
            "Type: Number found at incorrect level: 2 in the JSON DOM. Expected at level: 3; "
            "this input is of shape [28,28]",
            id="one bare row",
        ),
        pytest.param(
            json.dumps({"instances": PIXELS.reshape(5, -1).tolist()}),
            "Encountered list at unexpected size: 784 at level: 0 expected size: 28 at instances[0];",
            id="flat rows",
        ),
        pytest.param(
            json.dumps({"instances": PIXELS[:, :, :, None].tolist()}),
            "Encountered list at unexpected level: 2 expected < 2 at instances[0][0][0];",
            id="an axis too many",
        ),
        pytest.param(
            json.dumps({"instances": [*PIXELS.tolist(), PIXELS[0, :27].tolist()]}),
            "Failed to process element: 5 of 'instances' list. Error: Encountered list at unexpected size: 27",
            id="a row cut",
        ),
        pytest.param(
            json.dumps({"instances": [PIXELS[0].tolist(), {"pixels": PIXELS[0].tolist()}]}),
            "Expecting value/list but got object at item 1",
            id="an object among lists",
        ),
        pytest.param(
            json.dumps({"instances": [{"pixels": PIXELS[0].tolist()}, PIXELS[0].tolist()]}),
            "Expecting object but got Array at item 1",
            id="a list among objects",
        ),
        pytest.param(
            json.dumps({"instances": [{"b64": "aGVsbG8="}]}), "at incorrect level: 1", id="a text for a row"
        ),
        pytest.param(
            pixels_with('"x"'),
            f"Failed to process element: 1 of 'instances' list. Error: JSON Value at {LAST} Type: String "
            "is not of expected type: float",
            id="a string",
        ),
        pytest.param(pixels_with("null"), f"{LAST} Type: Null is not of expected type: float", id="null"),
        pytest.param(pixels_with("true"), f"{LAST} Type: Boolean is not of", id="a boolean"),
        pytest.param(pixels_with('{"a": 1}'), f"{LAST} Type: Object is not of", id="an object for a number"),
        pytest.param(pixels_with('{"b64": "eA=="}'), f"{LAST} is the base64 of a text", id="base64"),
        pytest.param(pixels_with("NaN"), f"{LAST} is not a finite number", id="NaN"),
        pytest.param(pixels_with("-Infinity"), f"{LAST} is not a finite number", id="Infinity"),
        pytest.param(pixels_with("1e999"), f"{LAST} is not a finite number", id="too large a float"),
        pytest.param(pixels_with("1" + "0" * 400), "too large", id="too large an int"),
        pytest.param(pixels_with("256"), f"{LAST} is outside the model's range 0 to 255", id="out of range"),
        pytest.param(pixels_with("-1"), f"{LAST} is outside the model's range 0 to 255", id="below zero"),
    ],
)
def test_what_is_wrong_with_a_body_is_a_400_that_says_where(client, body, says):
    assert says in error(client.post(PREDICT, content=body))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"instances": [[1, 2, 3, 4]]}, "instances is a plain list, but expecting list of objects"),
        ({"inputs": [[1, 2, 3, 4]]}, "inputs is a plain value/list, but expecting an object"),
        ({"instances": [{"image": [1, 2, 3, 4]}]}, "keys must be equal to: count,image"),
        ({"instances": [*named(), {**named()[0], "more": 1}]}, "Failed to process element: 5 of"),
        ({"instances": [{"image": [1, 2, 3], "count": [1]}]}, "element: 0 key: image of 'instances' list."),
        ({"instances": [{"image": [1, 2, 3, 4], "count": [1.0]}]}, "is not of expected type: int32"),
        ({"instances": [{"image": [1, 2, 3, 4], "count": [2**40]}]}, "count[0][0] is outside"),
        ({"instances": [{"image": [1, 2, 3, 4], "count": [2**70]}]}, "count[0][0] is outside"),
        ({"instances": [{"image": [1, 2, 3, 1e300], "count": [1]}]}, "image[0][3] is not a finite"),
        ({"inputs": {"image": IMAGE.tolist()}}, "Missing named input: count"),
        ({"inputs": {"image": IMAGE.tolist(), "count": [[1]]}}, "image 5, count 1"),
    ],
)
def test_what_does_not_fit_several_inputs_is_named(pair, document, says):
    assert says in error(ask(pair, document, PAIR))


def test_messages_repeat_no_value(client):
    assert "s3cret" not in error(client.post(PREDICT, content=pixels_with('"s3cret"')))


def test_the_axis_of_a_single_channel_must_be_there(artifacts, make_client):
    write_version(artifacts / "grey" / "1", shape=(28, 28, 1))
    client, path = make_client(), "/v1/models/grey:predict"
    assert predictions(ask(client, {"instances": PIXELS[..., None].tolist()}, path)).shape == (5, 10)
    assert "incorrect level: 3" in error(ask(client, {"instances": PIXELS.tolist()}, path))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"content-encoding": "br"}, "gzip or deflate"),
        ({"content-encoding": "gzip"}, "compressed by gzip; it cannot be read"),
        ({"x-timeout-ms": "soon"}, "X-Timeout-Ms"),
    ],
)
def test_what_is_wrong_with_a_header_is_a_400(client, headers, says):
    assert says in error(ask(client, {"instances": PIXELS.tolist()}, **headers))


def test_too_much_is_a_400(client):
    many = np.zeros((65, 28, 28), int).tolist()
    assert "64 rows" in error(ask(client, {"instances": many}))
    assert "200000 bytes" in error(client.post(PREDICT, content=b" " * 200_001))


def test_a_full_server_is_a_503(artifacts, make_client):
    write_version(artifacts / "slow" / "1", slowness=20)
    client = make_client(max_rows_in_flight=2, max_rows_per_request=2)
    one = {"content": json.dumps({"instances": PIXELS[:2].tolist()})}
    answers = client.post_all("/v1/models/slow:predict", [one] * 6)
    full = [answer for answer in answers if answer.status_code != 200]
    assert full and len(full) < 6
    for answer in full:
        assert "rows" in error(answer, 503) and answer.headers["retry-after"]


def test_what_waits_longer_than_its_deadline_gets_a_504(artifacts, make_client):
    write_version(artifacts / "slow" / "1", slowness=20)
    client = make_client(max_batch_rows=1)
    one = {"content": json.dumps({"instances": PIXELS[:1].tolist()})}
    *others, late = client.post_all(
        "/v1/models/slow:predict", [one] * 5 + [{**one, "headers": {"x-timeout-ms": "1"}}]
    )
    assert [answer.status_code for answer in others] == [200] * 5
    assert error(late, 504)


@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(data=st.data())
def test_a_damaged_body_is_answered_or_refused(pair, data):
    path, document = data.draw(
        st.sampled_from(
            [
                (PREDICT, {"instances": PIXELS[:1, :2].tolist()}),
                (PAIR, {"signature_name": "serving_default", "instances": named()[:2]}),
                (PAIR, {"inputs": {"image": IMAGE[:2].tolist(), "count": COUNT[:2].tolist()}}),
                (
                    "/v1/models/pair:classify",
                    {"context": {"count": 1}, "examples": [{"image": [1, 2, 3, 4]}]},
                ),
                ("/v1/models/pair:regress", {"examples": [{"image": [1, 2.5, 3, 4], "count": [1]}]}),
            ]
        )
    )
    content = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = st.one_of(
            st.binary(max_size=3), st.sampled_from([b"[", b"]", b"{", b'"', b",", b"NaN", b"1e9"])
        )
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(piece) or b"0"
    response = pair.post(path, content=bytes(content))
    assert response.status_code in (200, 400), response.text
    assert response.status_code == 200 or error(response)


# other types than floats


def read_as(dtype: type, instances: str) -> np.ndarray:
    tensor = Input("x", (2,), np.dtype(dtype), range=None)
    limits = InputLimits(max_body_bytes=1000, max_rows=10, max_image_pixels=1, max_files=1)
    signature = Signature((tensor,), plain().outputs)
    body = f'{{"instances": {instances}}}'.encode()
    return TensorFlowServing(limits).read_quickly(body, "predict", signature).rows


@pytest.mark.parametrize(
    ("dtype", "instances", "expected_rows"),
    [
        (np.int64, "[[1, 2]]", [[1, 2]]),
        (np.int64, "[[-1, 9007199254740993]]", [[-1, 2**53 + 1]]),
        (np.uint64, "[[0, 18446744073709551615]]", [[0, 2**64 - 1]]),
        (np.bool_, "[[true, false], [1, 0]]", [[True, False], [True, False]]),
    ],
)
def test_whole_numbers_and_truths_are_read_exactly(dtype, instances, expected_rows):
    rows = read_as(dtype, instances)
    assert rows.dtype == dtype and rows.tolist() == expected_rows


@pytest.mark.parametrize(
    ("dtype", "instances", "says"),
    [
        (np.int64, "[[1.0, 2]]", "Type: Number is not of expected type: int64"),
        (np.int8, "[[true, 2]]", "Type: Boolean is not of expected type: int8"),
        (np.int8, "[[128, 2]]", "outside the model's range -128 to 127"),
        (np.bool_, "[[2, 0]]", "outside the model's range 0 to 1"),
        (np.bool_, "[[0.5, 0]]", "Type: Number is not of expected type: bool"),
    ],
)
def test_a_number_with_a_point_is_no_whole_number(dtype, instances, says):
    with pytest.raises(InvalidInput) as raised:
        read_as(dtype, instances)
    assert says in raised.value.message


# how it gets there


def test_only_what_is_read_fast_is_read_in_the_event_loop():
    dialect = TensorFlowServing(
        InputLimits(max_body_bytes=2**20, max_rows=1000, max_image_pixels=1000, max_files=1)
    )

    def quickly(document: object, operation: str = "predict"):
        return dialect.read_quickly(json.dumps(document).encode(), operation, plain())

    rows = [PIXELS[0].tolist()] * 20
    for key in ("instances", "inputs"):
        for signed in (
            {key: rows, "signature_name": "serving_default"},
            {"signature_name": "serving_default", key: rows},
        ):
            assert quickly(signed).rows.shape == (20, 28, 28)
        assert quickly({key: rows}).rows.dtype == np.uint8
    assert quickly({"instances": [*rows, None]}) is None
    assert quickly({"instances": [{"pixels": row} for row in rows]}) is None
    assert quickly({"examples": [{"pixels": row} for row in rows]}, "classify") is None
    assert quickly({"instances": rows * 20}) is None


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
