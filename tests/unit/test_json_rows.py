"""JSON to rows: the fast path and the slow one must agree, and every mistake is named with its place."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.codecs import json_explain, json_rows
from service.codecs.bodies import BodyReader, InputLimits
from service.errors import InvalidInput, MalformedBody
from tests.signatures import FASHION, like_fashion, plain

IMAGE = np.arange(784).reshape(28, 28) % 256
SMALL = like_fashion(shape=(2, 3))
SMALL_IMAGE = [[1, 2, 3], [4, 5, 6]]


def body(instances: object, **more: object) -> bytes:
    return json.dumps({"instances": instances, **more}).encode()


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        pytest.param(IMAGE.tolist(), IMAGE[None], id="one image"),
        pytest.param([IMAGE.tolist()], IMAGE[None], id="a list of one"),
        pytest.param(
            [IMAGE.tolist(), (IMAGE / 2).tolist()], np.stack([IMAGE, IMAGE / 2]), id="ints and floats"
        ),
        pytest.param([IMAGE.ravel().tolist()] * 3, np.stack([IMAGE] * 3), id="flat rows"),
        pytest.param(IMAGE.ravel().tolist(), IMAGE[None], id="one flat row"),
    ],
)
def test_images_may_be_one_or_many_nested_or_flat(instances, expected):
    np.testing.assert_array_equal(json_rows.decode(body(instances), FASHION), expected)


def test_the_channel_axis_of_a_one_channel_model_may_be_left_out_or_given():
    signature = like_fashion(shape=(28, 28, 1))
    for instances in ([IMAGE.tolist()], [IMAGE[:, :, None].tolist()], IMAGE.tolist()):
        np.testing.assert_array_equal(
            json_rows.decode(body(instances), signature), IMAGE.reshape(1, 28, 28, 1)
        )


def test_an_exact_batch_wins_over_one_row_of_the_shape():
    signature = like_fashion(shape=(2,))
    np.testing.assert_array_equal(json_rows.decode(body([[1, 2], [3, 4]]), signature), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(json_rows.decode(body([1, 2]), signature), [[1, 2]])


def test_axes_of_any_length_take_what_comes():
    signature = like_fashion(shape=(None, 2))
    assert json_rows.decode(body([[[1, 2], [3, 4], [5, 6]]]), signature).shape == (1, 3, 2)


NUMBERS = st.one_of(
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0, -0.0, 1e-7, 1e22, 2**63]),
)
SPACES = st.sampled_from(["", " ", "\n ", "\t"])
TREES = st.recursive(
    st.one_of(NUMBERS, st.booleans(), st.none(), st.text("ab1,[]{}", max_size=4)),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


def explained(data: bytes, tensor):
    return json_explain.read(data, (tensor,))[0]


def outcome(read, data: bytes, signature):
    try:
        return read(data, signature).tolist()
    except (InvalidInput, MalformedBody) as error:
        return type(error)


@settings(max_examples=300, deadline=None)
@given(instances=TREES, shape=st.sampled_from([(2,), (1,), (2, 2), (2, 1), (1, 1)]), space=SPACES)
def test_the_fast_path_says_what_the_slow_one_says(instances, shape, space):
    signature = like_fashion(shape=shape)
    data = json.dumps({"instances": instances}, separators=("," + space, space + ":")).encode()
    assert outcome(json_rows.decode, data, signature) == outcome(explained, data, signature)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_body_never_passes_for_another_one(data):
    """Bytes are changed, dropped or doubled; what is still read must be what a plain parser reads."""
    good = bytearray(body([SMALL_IMAGE, SMALL_IMAGE]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"[", b"]", b",", b"7", b" 7", b'"', b"e", b"-"])
        )
        if not good:
            return
    assert outcome(json_rows.decode, bytes(good), SMALL) == outcome(explained, bytes(good), SMALL)


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        pytest.param(b'{"instances": [[1,2', MalformedBody, "line 1 column", id="cut short"),
        pytest.param(b'{"instances": [01]}', MalformedBody, "expected JSON", id="no JSON number"),
        pytest.param(b"\xff\xfe\xfa", MalformedBody, "expected JSON", id="no text"),
        pytest.param(
            b'{"instances": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", MalformedBody, "deeply", id="deep"
        ),
        pytest.param(b"[1, 2]", InvalidInput, 'object with "instances"; got a list', id="no object"),
        pytest.param(b'{"images": [1]}', InvalidInput, '"instances" is missing', id="another key"),
        pytest.param(body(SMALL_IMAGE, more=1), InvalidInput, "alone; got 2 keys", id="a key too many"),
        pytest.param(b'{"instances": [1], "instances": [2]}', InvalidInput, "twice", id="a key twice"),
        pytest.param(body([]), InvalidInput, "empty list", id="empty"),
        pytest.param(body([[]]), InvalidInput, "2x3", id="an empty row"),
        pytest.param(body(5), InvalidInput, "got a number", id="a number"),
        pytest.param(body([[1, 2], [3, 4], [5, 6]]), InvalidInput, "got an array of shape 3x2", id="turned"),
        pytest.param(
            body([SMALL_IMAGE, [[1, 2, 3], [4, 5]]]),
            InvalidInput,
            "instances[1][1] is 2 where instances[1][0] is 3",
            id="ragged",
        ),
        pytest.param(
            body([SMALL_IMAGE, [[1, 2, 3], [4, "5", 6]]]),
            InvalidInput,
            "instances[1][1][1] is a string",
            id="a string",
        ),
        pytest.param(
            body([[1, True, 3], [4, 5, 6]]), InvalidInput, "instances[0][1] is a boolean", id="a boolean"
        ),
        pytest.param(body([[1, None, 3], [4, 5, 6]]), InvalidInput, "instances[0][1] is null", id="null"),
        pytest.param(
            body([[1, {}, 3], [4, 5, 6]]), InvalidInput, "instances[0][1] is an object", id="an object"
        ),
        pytest.param(
            body([[1, float("nan"), 3], [4, 5, 6]]), InvalidInput, "instances[0][1] is not a finite", id="NaN"
        ),
        pytest.param(body([[1, float("inf"), 3], [4, 5, 6]]), InvalidInput, "not a finite", id="Infinity"),
        pytest.param(
            b'{"instances": [[1,1e400,3],[4,5,6]]}', InvalidInput, "not a finite", id="too large a float"
        ),
        pytest.param(body([[1, 10**400, 3], [4, 5, 6]]), InvalidInput, "not a finite", id="too large an int"),
        pytest.param(b'{"instances": [' + b"9" * 5000 + b"]}", InvalidInput, "digits", id="too many digits"),
    ],
)
def test_a_mistake_is_named_with_its_place(data, error, says):
    with pytest.raises(error) as raised:
        json_rows.decode(data, SMALL)
    assert says in raised.value.message


def test_messages_repeat_no_value():
    with pytest.raises(InvalidInput) as raised:
        json_rows.decode(body([["s3cret", 2, 3], [4, 5, 6]]), SMALL)
    assert "s3cret" not in raised.value.message


def test_only_what_is_read_fast_is_read_in_the_event_loop():
    """A large body with a mistake takes a hundred times as long to explain as a good one to read."""
    bodies = BodyReader(InputLimits(max_body_bytes=2**20, max_rows=1000, max_image_pixels=1000, max_files=1))
    good, wrong = body([IMAGE.tolist()] * 20), body([IMAGE.tolist()] * 20 + [None])
    assert bodies.read_quickly(good, b"application/json", plain()).rows.shape == (20, 28, 28)
    assert bodies.read_quickly(wrong, b"application/json", plain()) is None
    with pytest.raises(InvalidInput):
        bodies.read(wrong, b"application/json", plain())
    with pytest.raises(InvalidInput):
        bodies.read_quickly(body([None]), b"application/json", plain())
    assert bodies.read_quickly(b"\x89PNG", b"image/png", plain()) is None


SIGNED = json_rows.Frame.of("inputs", before=[("some name", "some 1 text")])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('{"some name": "some 1 text", "inputs": [[[1,2,3],[4,5,6]], [[1,2,3],[4,5,6]]]}', 2),
        ('{"some name": "some 1 text", "inputs": [[1,2,3],[4,5,6]]}', None),
        ('{"some name": "some 1 text", "inputs": [[1,2,3,4,5,6]]}', None),
        ('{"some name": "some 2 text", "inputs": [[[1,2,3],[4,5,6]]]}', None),
        ('{"som nam": "some 1 text", "inputs": [[[1,2,3],[4,5,6]]]}', None),
        ('{"inputs": [[[1,2,3],[4,5,6]]], "some name": "some 1 text"}', None),
        ('{"inputs": [[[1,2,3],[4,5,6]]]}', None),
        ('{"instances": [[[1,2,3],[4,5,6]]]}', 1),
    ],
)
def test_other_frames_hold_their_texts_and_exact_rows_alone(text, count):
    found = json_rows.framed(text.encode(), SMALL, (json_rows.PLAIN, SIGNED), exact=True)
    assert (None if found is None else len(found[1])) == count
    if found is not None:
        assert found[0] is (json_rows.PLAIN if "instances" in text else SIGNED)
        np.testing.assert_array_equal(found[1], [SMALL_IMAGE] * count)
