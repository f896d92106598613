"""Whatever is damaged in data of one's own, what comes is a data set or a `DatasetError` with a message."""

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modiste.datasets import DatasetError, load

X = np.random.default_rng(2).integers(0, 256, (6, 5, 5), np.uint8)
Y = np.arange(6) % 2


def npz(save) -> bytes:
    file = io.BytesIO()
    save(file, x_train=X, y_train=Y, x_test=X[:2], y_test=Y[:2], class_names=["coat", "boot"])
    return file.getvalue()


def picture(mode: str, kind: str) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    pixels = np.random.default_rng(4).integers(0, 256, (5, 5, 4), np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, kind, exif=exif)
    return file.getvalue()


def loads_or_says_why(path: Path) -> None:
    try:
        own = load(str(path))
    except DatasetError as error:
        assert str(path) in str(error)
    else:
        assert own.train.x.dtype == np.uint8 and len(own.train.x) == len(own.train.y)
        assert all(name.encode() is not None for name in own.class_names)


def damaged(data: st.DataObject, whole: bytes) -> bytes:
    changed = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        changed[at] = data.draw(st.integers(0, 255))
    return bytes(changed[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])


@pytest.mark.parametrize("whole", [npz(np.savez), npz(np.savez_compressed)], ids=["stored", "deflated"])
@settings(deadline=None)
@given(st.data())
def test_a_damaged_npz(whole, data):
    with TemporaryDirectory() as folder:
        path = Path(folder, "own.npz")
        path.write_bytes(damaged(data, whole))
        loads_or_says_why(path)


@settings(deadline=None)
@given(st.data())
def test_an_npz_of_damaged_arrays(data):
    """Zipped after the damage, so that no CRC gives it away."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "own.npz")
        with zipfile.ZipFile(io.BytesIO(npz(np.savez))) as source, zipfile.ZipFile(path, "w") as target:
            for name in source.namelist():
                target.writestr(name, damaged(data, source.read(name)))
        loads_or_says_why(path)


@pytest.mark.parametrize(
    "whole",
    [picture("RGBA", "PNG"), picture("P", "PNG"), picture("L", "JPEG"), picture("CMYK", "JPEG")],
    ids=["alpha", "palette", "grey jpeg", "cmyk jpeg"],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # it tells of damaged EXIF data and reads on
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_damaged_picture(whole, data):
    with TemporaryDirectory() as folder:
        for name in ("a", "b"):
            Path(folder, name).mkdir()
            for number in (1, 2):
                Path(folder, name, f"{number}.png").write_bytes(whole)
        Path(folder, "b", "2.png").write_bytes(damaged(data, whole))
        loads_or_says_why(Path(folder))
