"""Files damaged at random, in every format that a body may have, are refused or read: nothing else is raised."""

import gzip
import io
import zlib
from random import Random

import numpy as np
import pytest
from PIL import Image

from service import compression
from service.codecs import image, labelled, multipart, npy
from service.errors import ServingError
from tests.signatures import like_fashion

PIXELS = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
TENSOR = like_fashion()


def picture(kind: str, mode: str = "L", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, kind, **options)
    return file.getvalue()


def exif() -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = 6  # the orientation
    found[0x010E] = "a picture"
    return found


def archive() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=PIXELS[None], y=np.array([3]))
    return file.getvalue()


def form() -> bytes:
    head = b'content-disposition: form-data; name="f"; filename="a.npy"\r\ncontent-type: image/png'
    return (
        b"".join(b"--b\r\n%b\r\n\r\n%b\r\n" % (head, PIXELS.tobytes()[:40]) for _ in range(3)) + b"--b--\r\n"
    )


def of_form(data: bytes) -> object:
    return multipart.files(data, "multipart/form-data; boundary=b", 10)


CASES = [
    pytest.param(picture("PNG"), lambda data: image.decode(data, TENSOR, 10_000), id="png"),
    pytest.param(
        picture("PNG", "P", exif=exif()), lambda data: image.decode(data, TENSOR, 10_000), id="palette"
    ),
    pytest.param(
        picture("JPEG", "RGB", exif=exif()), lambda data: image.decode(data, TENSOR, 10_000), id="jpeg"
    ),
    pytest.param(npy.encode(PIXELS[None]), lambda data: npy.decode(data, TENSOR), id="npy"),
    pytest.param(archive(), lambda data: labelled.from_npz(data, TENSOR, 100_000), id="npz"),
    pytest.param(form(), of_form, id="form"),
    pytest.param(
        gzip.compress(PIXELS.tobytes()), lambda data: compression.decompressed(data, "gzip", 9999), id="gzip"
    ),
    pytest.param(
        zlib.compress(PIXELS.tobytes()),
        lambda data: compression.decompressed(data, "deflate", 9999),
        id="deflate",
    ),
]


def damaged(data: bytes, random: Random) -> bytes:
    """Change, drop, double or insert some bytes, more often near the beginning, where the headers are."""
    found = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        at = random.randrange(min(len(found), random.choice([64, 200, 10_000])) or 1)
        kind = random.randrange(5)
        if kind == 0:
            found[at : at + 1] = bytes([random.randrange(256)])
        elif kind == 1:
            del found[at : at + random.choice([1, 4, 100])]
        elif kind == 2:
            found[at:at] = found[at : at + random.choice([1, 8, 64])]
        elif kind == 3:
            found[at : at + 4] = random.choice(
                [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"]
            )
        else:
            del found[at + 1 :]
    return bytes(found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("good", "read"), CASES)
def test_a_damaged_file_is_refused_or_read(good, read):
    random = Random(3)
    read(good)
    refused = 0
    for number in range(1000):
        data = damaged(good, random)
        try:
            read(data)
        except ServingError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"file {number} brings {error!r}") from error
    assert refused > 100
