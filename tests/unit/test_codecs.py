"""The other formats, and what must be true of rows whatever the format."""

import io

import numpy as np
import pytest
from PIL import Image

from service.codecs import image, labelled, npy, raw
from service.codecs.checks import NO_WARNINGS, UNSCALED, checked
from service.errors import InvalidInput, MalformedBody, TooLarge, UnsupportedMediaType
from tests.bodies import npy as as_npy
from tests.signatures import FASHION, like_fashion

PIXELS = (np.arange(784).reshape(28, 28) % 256).astype(np.uint8)


def picture(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels, mode).save(file, kind, **options) if mode else Image.fromarray(pixels).save(
        file, kind, **options
    )
    return file.getvalue()


# .npy


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64", ">i4"])
def test_npy_of_any_real_dtype_is_read(dtype):
    rows = npy.decode(as_npy(PIXELS.astype(dtype)), FASHION)
    assert rows.shape == (1, 28, 28)
    np.testing.assert_array_equal(rows[0], PIXELS.astype(dtype))


def test_npy_in_fortran_order_is_read():
    np.testing.assert_array_equal(npy.decode(as_npy(np.asfortranarray(PIXELS)), FASHION)[0], PIXELS)


def test_npy_is_written_as_it_is_read():
    rows = np.linspace(0, 1, 20, dtype=np.float32).reshape(2, 10)
    np.testing.assert_array_equal(np.load(io.BytesIO(npy.encode(rows))), rows)


def header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"", MalformedBody, id="empty"),
        pytest.param(b"\x93NUMPY\x01\x00", MalformedBody, id="no header"),
        pytest.param(b"\x93NUMPY\x09\x00" + b"\x00" * 100, MalformedBody, id="an unknown version"),
        pytest.param(as_npy(PIXELS)[:-1], MalformedBody, id="cut short"),
        pytest.param(as_npy(PIXELS) + b"\x00", MalformedBody, id="too long"),
        pytest.param(header("(1000000000000, 28, 28)"), MalformedBody, id="a huge shape"),
        pytest.param(header("(-1, 28, 28)"), MalformedBody, id="a negative shape"),
        pytest.param(header("(" * 2000), MalformedBody, id="a deep header"),
        pytest.param(as_npy(PIXELS.astype(bool)), InvalidInput, id="booleans"),
        pytest.param(as_npy(PIXELS.astype(complex)), InvalidInput, id="complex numbers"),
        pytest.param(as_npy(PIXELS.astype("U3")), InvalidInput, id="strings"),
        pytest.param(as_npy(np.array([{"a": 1}], dtype=object)), InvalidInput, id="pickled objects"),
        pytest.param(as_npy(PIXELS[:27]), InvalidInput, id="another shape"),
        pytest.param(as_npy(PIXELS[None][:0]), InvalidInput, id="no rows"),
    ],
)
def test_a_bad_npy_is_refused(body, error):
    with pytest.raises(error):
        npy.decode(body, FASHION)


# raw bytes


def test_raw_bytes_are_rows_one_after_the_other():
    np.testing.assert_array_equal(raw.decode(PIXELS.tobytes() * 3, FASHION), np.stack([PIXELS] * 3))


@pytest.mark.parametrize("length", [0, 783, 785])
def test_raw_bytes_must_be_whole_rows(length):
    with pytest.raises(InvalidInput, match="multiple of 784 bytes"):
        raw.decode(bytes(length), FASHION)


@pytest.mark.parametrize("limits", [(0.0, 1.0), None])
def test_raw_bytes_are_only_for_models_that_take_0_to_255(limits):
    with pytest.raises(UnsupportedMediaType):
        raw.decode(bytes(784), like_fashion(range=limits))


# pictures


def test_a_grey_png_of_the_models_size_is_taken_as_it_is():
    np.testing.assert_array_equal(image.decode(picture(PIXELS), FASHION, 10_000)[0], PIXELS)


def test_a_png_for_a_model_with_one_channel_and_another_range():
    signature = like_fashion(shape=(28, 28, 1), range=(-1.0, 1.0))
    rows = image.decode(picture(PIXELS), signature, 10_000)
    np.testing.assert_allclose(rows[0, :, :, 0], PIXELS / 127.5 - 1, atol=1e-6)


def test_a_colour_jpeg_is_turned_to_grey_and_to_the_models_size():
    red = np.zeros((56, 84, 3), np.uint8)
    red[..., 0] = 255
    rows = image.decode(picture(red, "JPEG"), FASHION, 10_000)
    assert rows.shape == (1, 28, 28)
    np.testing.assert_allclose(rows, 76, atol=2)  # 0.299 of 255


def test_a_model_of_three_channels_gets_colours():
    rows = image.decode(
        picture(np.full((32, 32, 3), (10, 20, 30), np.uint8)), like_fashion(shape=(32, 32, 3)), 10_000
    )
    np.testing.assert_array_equal(rows[0, 5, 5], [10, 20, 30])


def test_transparency_is_laid_over_white():
    clear = np.zeros((28, 28, 4), np.uint8)
    assert (image.decode(picture(clear), FASHION, 10_000) == 255).all()


def test_exif_rotation_is_applied():
    half = np.zeros((28, 28), np.uint8)
    half[:, 14:] = 255  # right half white; turned by 90 degrees clockwise it is the lower half
    exif = Image.Exif()
    exif[0x0112] = 6
    rows = image.decode(picture(half, "JPEG", exif=exif, quality=100), FASHION, 10_000)[0]
    assert rows[:10].max() < 20 and rows[18:].min() > 235


def test_a_16_bit_png_keeps_its_greys():
    deep = (PIXELS.astype(np.uint16) << 8) + 7
    np.testing.assert_array_equal(image.decode(picture(deep), FASHION, 10_000)[0], PIXELS)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"no picture", MalformedBody, id="no picture"),
        pytest.param(picture(PIXELS)[:-30], MalformedBody, id="cut short"),
        pytest.param(picture(PIXELS, "GIF"), MalformedBody, id="another format"),
        pytest.param(picture(np.zeros((200, 200), np.uint8)), TooLarge, id="too many pixels"),
    ],
)
def test_a_bad_picture_is_refused(body, error):
    with pytest.raises(error):
        image.decode(body, FASHION, 10_000)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"shape": (784,)}, UnsupportedMediaType, id="flat input"),
        pytest.param({"shape": (None, 28)}, UnsupportedMediaType, id="an axis of any length"),
        pytest.param({"range": None}, InvalidInput, id="no known range"),
    ],
)
def test_a_model_that_takes_no_pictures_says_so(changes, error):
    with pytest.raises(error):
        image.decode(picture(PIXELS), like_fashion(**changes), 10_000)


# what must be true of rows


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (256, "outside"),
        (-1, "outside"),
        (np.nan, "not a finite"),
        (np.inf, "not a finite"),
        (-np.inf, "not a finite"),
    ],
)
def test_a_value_that_the_model_does_not_take_is_refused_with_its_instance(value, says):
    rows = np.zeros((3, 28, 28))
    rows[2, 5, 5] = value
    with pytest.raises(InvalidInput, match=rf"instances\[2\]\[5\]\[5\] is {says}"):
        checked(rows, FASHION)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_without_a_range_a_value_must_be_a_finite_32_bit_number(value):
    rows = np.zeros((2, 28, 28))
    rows[1, 0, 0] = value
    with pytest.raises(InvalidInput, match=r"instances\[1\]\[0\]\[0\]"):
        checked(rows, like_fashion(range=None))


def test_pixels_that_look_scaled_already_bring_a_warning():
    assert checked(PIXELS[None] / 255, FASHION)[1] == [UNSCALED]
    assert checked(PIXELS[None], FASHION)[1] == NO_WARNINGS
    assert checked(PIXELS[None] / 255, like_fashion(range=(0.0, 1.0)))[1] == NO_WARNINGS


def test_rows_come_out_as_bytes_or_32_bit_floats():
    assert checked(PIXELS[None], FASHION)[0].dtype == np.uint8
    assert checked(PIXELS[None].astype(np.int64), FASHION)[0].dtype == np.float32


def test_bytes_for_a_model_of_another_range_are_checked_too():
    with pytest.raises(InvalidInput, match=r"instances\[0\]\[0\]\[2\] is outside"):
        checked(PIXELS[None], like_fashion(range=(0.0, 1.0)))


def test_without_a_range_any_finite_values_pass():
    rows, warnings = checked(PIXELS[None] * 1e6, like_fashion(range=None))
    assert rows.dtype == np.float32 and warnings == NO_WARNINGS


@pytest.mark.parametrize("shape", [(28, 28), (784,), (3, 28, 28), (3, 784), (3, 28, 28, 1)])
def test_npy_for_a_model_of_one_channel_may_leave_the_channel_out(shape):
    rows = npy.decode(as_npy(np.zeros(shape, np.uint8)), like_fashion(shape=(28, 28, 1)))
    assert rows.shape == (3 if shape[0] == 3 else 1, 28, 28, 1)


# The images of a data set


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)], ids=["rows", "channels", "flat"])
def test_the_images_of_a_data_set_fit_every_form_of_input(shape):
    signature = like_fashion(shape=shape)
    found = labelled.from_split(np.stack([PIXELS, PIXELS]), np.array([1, 2], np.uint8), signature)
    assert found.rows.shape == (2, *shape)
    np.testing.assert_array_equal(found.rows.reshape(2, 28, 28)[1], PIXELS)


def test_images_of_another_size_do_not_fit():
    with pytest.raises(InvalidInput, match="784"):
        labelled.from_split(
            np.zeros((2, 14, 14), np.uint8), np.zeros(2, np.uint8), like_fashion(shape=(784,))
        )
