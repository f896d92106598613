"""The reader of `.npz` files: what NumPy writes reads back, all else is refused without being run."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_st

from modiste.datasets import DatasetError
from modiste.datasets.errors import DamagedFileError
from modiste.datasets.npz import read_arrays


def npz(save=np.savez, **arrays) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    width = 2 if version == 1 else 4
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(width, "little") + header.encode() + data


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"

arrays = numpy_st.arrays(
    st.sampled_from([np.uint8, np.int64, np.float32, np.dtype("<U5"), np.dtype(">i4"), np.bool_]),
    numpy_st.array_shapes(min_dims=0, max_dims=4, max_side=4),
)


@settings(deadline=None)
@given(arrays, st.booleans(), st.sampled_from([np.savez, np.savez_compressed]))
def test_what_numpy_writes_reads_back(array, transposed, save):
    written = array.T if transposed else array
    read = read_arrays(io.BytesIO(npz(save, one=written, two=np.arange(3))))
    assert set(read) == {"one", "two"}
    assert np.array_equal(read["one"].reshape(written.shape), written, equal_nan=written.dtype.kind == "f")
    assert not read["one"].flags.writeable


def test_only_the_arrays_that_are_asked_for_are_read():
    data = zipped(x=npy(HEADER, b"\1\2"), rest=b"no array at all")
    assert read_arrays(io.BytesIO(data), ["x", "y"])["x"].tolist() == [1, 2]
    with pytest.raises(DamagedFileError, match="'rest' has no whole"):
        read_arrays(io.BytesIO(data))


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "header",
    [HEADER, HEADER.replace(", }", "}") + " " * 60 + "\n", '{"shape":(2L,),"descr":"|u1","fortran_order":False}'],
    ids=["numpy", "padded", "another writer"],
)  # fmt: skip
def test_headers_of_all_versions_and_writers_are_understood(header, version):
    assert read_arrays(io.BytesIO(zipped(x=npy(header, b"\1\2", version))))["x"].tolist() == [1, 2]


class Attack:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (npy(HEADER.replace("|u1", "|O"), pickle.dumps(Attack())), "Python objects, which are never unpickled"),
        (npy(HEADER.replace("|u1", "<V4"), b"12345678"), "values of type '<V4'"),
        (npy(HEADER.replace("|u1", "<i3"), b"123456"), "is damaged"),
        (npy(HEADER, b"\1"), r"has 1 bytes; its header states \(2,\)"),
        (npy(HEADER.replace("2,", "4_000,"), b"\1"), "no whole"),
        (npy(HEADER.replace("2,", "-2,"), b"\1"), "no whole"),
        (npy(HEADER.replace("2,", "2 2,"), b"\1"), "no whole"),
        (npy(HEADER.replace("2,", "9" * 18 + ", 9"), b"\1"), "has 1 bytes"),
        (npy(HEADER.replace("(2,)", "__import__('os').abort()"), b"\1"), "no whole"),
        (npy("{'descr': '|u1'}", b"\1"), "no whole"),
        (b"", "no whole"),
        (b"\x93NUMPY\1\0\xff\xff{", "no whole"),
        (b"\x93NUMPY\7\0" + b"\0" * 20, "no whole"),
    ],
    ids=[
        "objects", "structures", "no such integer", "short", "underscores", "negative", "two numbers", "absurd",
        "code", "keys missing", "empty", "header cut", "version 7",
    ],
)  # fmt: skip
def test_a_damaged_array_is_refused_with_its_name(member, reason):
    with pytest.raises(DamagedFileError, match=f"'x_train'.*{reason}"):
        read_arrays(io.BytesIO(zipped(x_train=member)))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DamagedFileError, match="No such file"):
        read_arrays(tmp_path / "none.npz")


WHOLE = npz(x_train=np.zeros((2, 2, 2), np.uint8), y_train=np.array([0, 1]))
PACKED = npz(np.savez_compressed, x_train=np.zeros((2, 2, 2), np.uint8), class_names=np.array(["a", "b"]))


@pytest.mark.parametrize("whole", [WHOLE, PACKED], ids=["stored", "deflated"])
@settings(deadline=None)
@given(st.data())
def test_damaged_bytes_are_arrays_or_refused_with_a_message(whole, data):
    damaged = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=6)):
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    try:
        read = read_arrays(io.BytesIO(damaged[:cut]))
    except DatasetError as error:
        assert str(error)
    else:
        assert all(isinstance(array, np.ndarray) for array in read.values())


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_any_header_is_an_array_or_refused_with_a_message(header):
    member = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header
    try:
        read_arrays(io.BytesIO(zipped(x=member)))
    except DatasetError as error:
        assert str(error)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(DatasetError, match=r"."):
        read_arrays(io.BytesIO(data))
