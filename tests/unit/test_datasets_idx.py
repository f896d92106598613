"""The IDX format: what is written reads back, and what is not a whole file is refused with its reason."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modiste.datasets import DatasetError, idx
from modiste.datasets.errors import DamagedFileError

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
# Written out by hand: zero, zero, uint8, three axes, 2 3 4 as big-endian uint32, the values.
BYTES = b"\0\0\x08\x03" + b"\0\0\0\x02\0\0\0\x03\0\0\0\x04" + bytes(range(24))


def test_an_array_is_written_in_the_published_form():
    assert idx.encode(ARRAY) == BYTES


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.randoms())
def test_what_is_written_reads_back(shape, random):
    array = np.frombuffer(random.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)
    assert np.array_equal(idx.parse(idx.encode(array)), array)


def test_the_array_is_read_only_since_it_shares_the_bytes():
    assert not idx.parse(BYTES).flags.writeable


@pytest.mark.parametrize("data", [BYTES, gzip.compress(BYTES)], ids=["plain", "gzip"])
def test_plain_and_compressed_bytes_give_the_same(data):
    assert idx.decompress(data) == BYTES


@pytest.mark.parametrize(
    "data",
    [gzip.compress(BYTES)[:-9], gzip.compress(BYTES)[:12], gzip.compress(BYTES)[:-8] + b"\0" * 8],
    ids=["cut at the end", "cut at the start", "wrong checksum"],
)
def test_a_damaged_gzip_file_is_refused(data):
    with pytest.raises(DamagedFileError, match="not a whole gzip file"):
        idx.decompress(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin"),
        (b"\x93NUMPY\x01\x00", "does not begin"),
        (b"\0\0\x0d\x01" + struct.pack(">If", 1, 0.5), "type 0x0d; expected 0x08"),
        (BYTES[:10], "header is cut short"),
        (BYTES[:-1], "holds 23 values; its header states 24"),
        (BYTES + b"\0", "holds 25 values; its header states 24"),
        (b"\0\0\x08\xff" + b"\0" * 1020, "states 255 axes; expected 32 at most"),
        (b"\0\0\x08\x04" + b"\xff" * 12 + b"\0" * 4, "impossible shape"),
        (
            b"\0\0\x08\x03" + b"\xff" * 12,
            "holds 0 values; its header states 79,228,162,458,924,105,385,300,197,375",
        ),
    ],
    ids=[
        "empty",
        "another format",
        "floats",
        "short header",
        "short",
        "long",
        "many axes",
        "empty and absurd",
        "absurd shape",
    ],
)
def test_what_is_no_whole_idx_file_is_refused(data, reason):
    with pytest.raises(DamagedFileError, match=reason):
        idx.parse(data)


@pytest.mark.parametrize("whole", [BYTES, gzip.compress(BYTES, mtime=0)], ids=["plain", "gzip"])
@settings(deadline=None)
@given(st.data())
def test_damaged_bytes_are_an_array_or_refused_with_a_message(whole, data):
    damaged = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=5)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    try:
        assert idx.parse(idx.decompress(bytes(damaged[:cut]))).dtype == np.uint8
    except DatasetError as error:
        assert str(error)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_array_or_refused_with_a_message(data):
    for beginning in (b"", b"\0\0\x08", b"\x1f\x8b\x08"):
        try:
            assert idx.parse(idx.decompress(beginning + data)).dtype == np.uint8
        except DatasetError as error:
            assert str(error)


@pytest.mark.parametrize(
    "array", [ARRAY, ARRAY[:0], ARRAY[:, ::2], ARRAY.T], ids=["whole", "empty", "strided", "turned"]
)
def test_the_sum_of_an_array_is_that_of_its_file(array):
    assert idx.sha256(array) == hashlib.sha256(idx.encode(array)).hexdigest()


def test_labels_of_many_classes_are_summed_as_the_formats_int32():
    by_hand = b"\0\0\x0c\x01" + struct.pack(">Iii", 2, 1, 300)
    assert idx.sha256(np.array([1, 300])) == hashlib.sha256(by_hand).hexdigest()
