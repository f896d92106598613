"""The third step: JSON that every reader reads the same."""

import sys
import time

import pytest

from modiste.reading import Reason, Refused
from modiste.reading.strict_json import parse


def reason_of(data: bytes, max_bytes: int = 10_000_000) -> Reason:
    with pytest.raises(Refused) as caught:
        parse(data, "config.json", max_bytes=max_bytes, max_depth=100)
    return caught.value.reason


def test_what_keras_writes_is_parsed() -> None:
    data = '{"name": "패션 \\ud328\\"[", "rate": 1e-07, "units": [10, -1], "axis": null}'.encode()
    parsed = parse(data, "config.json", max_bytes=1000, max_depth=3)
    assert parsed == {"name": '패션 패"[', "rate": 1e-07, "units": [10, -1], "axis": None}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b'{"a": 1, "a": 2}', Reason.JSON_DUPLICATE_KEY, id="key twice"),
        pytest.param(b'[{"x": {"a": 1, "\\u0061": 2}}]', Reason.JSON_DUPLICATE_KEY, id="key twice, escaped"),
        pytest.param(b'{"a": NaN}', Reason.JSON_NUMBER, id="NaN"),
        pytest.param(b'{"a": -Infinity}', Reason.JSON_NUMBER, id="infinity"),
        pytest.param(b'{"a": 1e999}', Reason.JSON_NUMBER, id="infinite float"),
        pytest.param(b'{"a": ' + b"9" * 100 + b"}", Reason.JSON_NUMBER, id="long integer"),
        pytest.param(b'{"a": "\\ud800"}', Reason.JSON_INVALID, id="lone surrogate"),
        pytest.param(b'{"a": "\xff"}', Reason.JSON_INVALID, id="not UTF-8"),
        pytest.param(b'{"a": 1', Reason.JSON_INVALID, id="cut short"),
        pytest.param(b"", Reason.JSON_INVALID, id="empty"),
        pytest.param(b"[" * 101 + b"]" * 101, Reason.JSON_TOO_DEEP, id="too deep"),
        pytest.param(b'{"a":' * 200_000, Reason.JSON_TOO_DEEP, id="far too deep"),
    ],
)
def test_strange_documents_are_refused(data: bytes, reason: Reason) -> None:
    assert reason_of(data) is reason


def test_size_is_checked_before_anything_is_parsed() -> None:
    assert reason_of(b" " * 2000 + b"{}", max_bytes=1000) is Reason.JSON_TOO_LARGE


def test_brackets_inside_text_have_no_depth() -> None:
    assert parse(b'"' + b"[" * 500 + b'"', "x", max_bytes=1000, max_depth=3) == "[" * 500


@pytest.mark.parametrize("part", [b'\\"', b'"', b"\\", b"[]", b'"\\'], ids=repr)
def test_hostile_text_takes_time_in_proportion_to_its_length(part: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Refused):
        parse(b'["' + part * 1_000_000, "x", max_bytes=sys.maxsize, max_depth=100)
    assert time.process_time() - started < 5
