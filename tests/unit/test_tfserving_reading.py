"""TensorFlow Serving's bodies: types of numbers, and what is read at once."""

import json

import numpy as np
import pytest

from service.codecs.bodies import InputLimits
from service.dialects.tfserving import TensorFlowServing
from service.errors import InvalidInput
from service.signature import Input, Signature
from tests.signatures import plain

PIXELS = np.arange(784, dtype=np.uint8).reshape(28, 28)


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


def test_only_what_is_read_fast_is_read_in_the_event_loop():
    dialect = TensorFlowServing(
        InputLimits(max_body_bytes=2**20, max_rows=1000, max_image_pixels=1000, max_files=1)
    )

    def quickly(document: object, operation: str = "predict"):
        return dialect.read_quickly(json.dumps(document).encode(), operation, plain())

    rows = [PIXELS.tolist()] * 20
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
