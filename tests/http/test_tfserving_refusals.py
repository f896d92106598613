"""TensorFlow Serving's predict: what is wrong with a body or a header, and what the server cannot take."""

import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tests.http.tfserving import COUNT, IMAGE, PAIR, PIXELS, PREDICT, ask, error, named, predictions
from tests.models import write_version


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
