"""The fifth step: HDF5 that is a tree of plain numeric arrays, as large as it says."""

import io
from collections.abc import Callable
from pathlib import Path

import h5py
import model_files as files
import numpy as np
import pytest

from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.model_file import read

MIB = 1024 * 1024
FLOATS = np.dtype("f4")


def external_link(file: h5py.File) -> None:
    file["model_weights/other"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file: h5py.File) -> None:
    file["model_weights/other"] = h5py.SoftLink("/model_weights/dense")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("model_weights/x", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual_array(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("model_weights/x", layout)


def group_in_itself(file: h5py.File) -> None:
    file["model_weights/dense/again"] = file["model_weights"]


def text_array(file: h5py.File) -> None:
    file["model_weights/x"] = np.array(["a", "b"], dtype=h5py.string_dtype())


def records(file: h5py.File) -> None:
    file["model_weights/x"] = np.zeros(3, dtype=[("a", "f4"), ("b", "i4")])


def object_reference(file: h5py.File) -> None:
    file.attrs.create("x", file["model_weights"].ref, dtype=h5py.ref_dtype)


def named_type(file: h5py.File) -> None:
    file["model_weights/x"] = np.dtype("f4")


def huge_and_empty(file: h5py.File) -> None:
    file.create_dataset("model_weights/x", (500_000_000,), "f4", chunks=(1024,))


def huge_and_compressed(file: h5py.File) -> None:
    file.create_dataset("model_weights/x", data=np.zeros(20 * MIB, "u1"), compression="gzip", chunks=(MIB,))


def beyond_every_limit(file: h5py.File) -> None:
    for number in range(4):
        file.create_dataset(f"model_weights/x{number}", (2**62,), "f4", chunks=(1024,))


def not_a_number(file: h5py.File) -> None:
    file["model_weights/dense/dense/kernel"][1, 2] = np.nan


def infinite(file: h5py.File) -> None:
    file["model_weights/dense/dense/bias"][0] = -np.inf


def scale_offset_filter(file: h5py.File) -> None:
    file.create_dataset("model_weights/x", data=np.arange(8), chunks=(8,), scaleoffset=0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (external_link, Reason.WEIGHTS_EXTERNAL),
        (soft_link, Reason.WEIGHTS_EXTERNAL),
        (external_storage, Reason.WEIGHTS_EXTERNAL),
        (virtual_array, Reason.WEIGHTS_EXTERNAL),
        (group_in_itself, Reason.WEIGHTS_TOO_LARGE),
        (text_array, Reason.WEIGHTS_TYPE),
        (records, Reason.WEIGHTS_TYPE),
        (object_reference, Reason.WEIGHTS_TYPE),
        (named_type, Reason.WEIGHTS_TYPE),
        (huge_and_empty, Reason.WEIGHTS_NOT_STORED),
        (huge_and_compressed, Reason.WEIGHTS_NOT_STORED),
        (beyond_every_limit, Reason.WEIGHTS_TOO_LARGE),
        (not_a_number, Reason.WEIGHTS_NOT_FINITE),
        (infinite, Reason.WEIGHTS_NOT_FINITE),
        (scale_offset_filter, Reason.WEIGHTS_FILTER),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_keras_does_not_write_is_refused(
    tmp_path: Path, spoil: Callable[[h5py.File], None], reason: Reason
) -> None:
    path = files.written(tmp_path, files.h5_bytes(spoil=spoil), "model.h5")
    assert path.stat().st_size < MIB
    with pytest.raises(Refused) as caught:
        read(path)
    assert caught.value.reason is reason


def test_weights_inside_an_archive_are_held_to_the_same(tmp_path: Path) -> None:
    kernel = np.full((files.FEATURES, files.UNITS), np.nan, "f4")
    path = files.written(tmp_path, files.keras_bytes(files.members(h5=files.weights(kernel))))
    with pytest.raises(Refused) as caught:
        read(path)
    assert caught.value.reason is Reason.WEIGHTS_NOT_FINITE


def test_declared_sizes_are_added_up(tmp_path: Path) -> None:
    path = files.written(tmp_path, files.h5_bytes(), "model.h5")
    with pytest.raises(Refused) as caught:
        read(path, ReadingLimits(weights_bytes=40))  # the kernel has 48 bytes, the bias 12
    assert caught.value.reason is Reason.WEIGHTS_TOO_LARGE
    read(path, ReadingLimits(weights_bytes=60))


def test_compressed_weights_and_bfloat16_pass(tmp_path: Path) -> None:
    def add(file: h5py.File) -> None:
        values = np.random.default_rng(0).normal(size=(64, 64)).astype("f4")
        file.create_dataset("model_weights/a", data=values, compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("model_weights/b", data=values, compression="lzf")
        file.create_dataset("model_weights/c", data=np.zeros(3, "V2"))
        file.create_dataset("model_weights/d", data=np.zeros((0, 4), "f4"))

    path = files.written(tmp_path, files.h5_bytes(spoil=add), "model.h5")
    assert read(path).findings().values == 15 + 2 * 4096 + 3


def test_a_file_of_weights_alone_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(files.written(tmp_path, files.weights(), "model.h5"))
    assert caught.value.reason is Reason.NOT_A_MODEL


@pytest.mark.parametrize("kept", [9, 100, 800, 2000])
def test_a_file_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    with pytest.raises(Refused) as caught:
        read(files.written(tmp_path, files.h5_bytes()[:kept], "model.h5"))
    assert caught.value.reason is Reason.WEIGHTS_DAMAGED


def test_more_groups_than_any_model_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for number in range(60):
            file.create_group(str(number))
    path = files.written(tmp_path, files.keras_bytes(files.members(h5=buffer.getvalue())))
    with pytest.raises(Refused) as caught:
        read(path, ReadingLimits(hdf5_objects=50))
    assert caught.value.reason is Reason.WEIGHTS_TOO_LARGE
