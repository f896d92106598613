"""What is over a limit is refused, over a real socket, with a status and a message that say which."""

import gzip
import io
import json
import struct
import zlib

import numpy as np
import pytest
from operating import make_key
from PIL import Image

from service.codecs.json_explain import MOST_LEVELS
from service.codecs.multipart import MOST_PART_HEAD_BYTES, MOST_PART_HEADERS
from service.settings import Settings
from tests.bodies import npy as as_npy
from tests.http.sockets import Running
from tests.models import write_version

OCTETS = "content-type: application/octet-stream"
NPY = "content-type: application/x-npy"
FORM = "content-type: multipart/form-data; boundary=b"
ROWS = np.zeros((2, 28, 28), np.uint8)
INFER = {"name": "pixels", "shape": [1, 28, 28], "datatype": "FP32"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    write_version(folder / "artifacts" / "fashion_mnist" / "1")
    key = make_key(folder / "keys.json", "operator", "admin")
    server = Running(
        Settings(
            artifacts_dir=folder / "artifacts",
            state_dir=folder / "state",
            keys_file=folder / "keys.json",
            max_body_bytes=200_000,
            max_rows_per_request=64,
            max_image_pixels=10_000,
            max_files=3,
        )
    )
    server.key = f"authorization: {key['authorization']}"
    yield server
    server.stop()


def nested(levels: int, around: str = '{"instances": %s}') -> bytes:
    return (around % ("[" * levels + "1" + "]" * levels)).encode()


def picture(width: int, height: int) -> bytes:
    """A PNG that states a size, and has next to nothing behind it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def form(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n%b\r\n" % part for part in parts) + b"--b--\r\n"


def part(*headers: bytes) -> bytes:
    disposition = b'content-disposition: form-data; name="f"; filename="a.bin"'
    return b"\r\n".join([disposition, *headers, b"", ROWS[0].tobytes()])


def npy_header(shape: str, descr: str = "'|u1'", padding: int = 0) -> bytes:
    text = (
        f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode() + b" " * padding + b"\n"
    )
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text


LARGE = b"a" * 200_001
PREDICT, EVALUATE = "POST /predict HTTP/1.1", "POST /evaluate HTTP/1.1"
V1, V2 = "POST /v1/models/fashion_mnist:predict HTTP/1.1", "POST /v2/models/fashion_mnist/infer HTTP/1.1"
DEEP_V1 = nested(40)
CASES = [
    pytest.param(f"{PREDICT}\n{OCTETS}", LARGE, 413, "declares 200001", id="a body"),
    pytest.param(EVALUATE, LARGE, 413, "declares 200001", id="a body to be evaluated"),
    pytest.param(V1, LARGE, 400, "declares 200001", id="a body in v1"),
    pytest.param(V2, LARGE, 400, "declares 200001", id="a body in v2"),
    pytest.param(
        f"{PREDICT}\ncontent-encoding: gzip", gzip.compress(LARGE), 413, "unpacked", id="a packed body"
    ),
    pytest.param(
        f"{EVALUATE}\ncontent-encoding: deflate",
        zlib.compress(LARGE),
        413,
        "unpacked",
        id="a packed evaluation",
    ),
    pytest.param(
        f"{V2}\ncontent-encoding: gzip", gzip.compress(LARGE), 400, "unpacked", id="a packed body in v2"
    ),
    pytest.param(f"{PREDICT}\n{OCTETS}", ROWS[:1].tobytes() * 65, 413, "64 rows", id="rows"),
    pytest.param(PREDICT, nested(MOST_LEVELS + 1), 422, f"{MOST_LEVELS} levels", id="nesting"),
    pytest.param(PREDICT, nested(900), 422, f"{MOST_LEVELS} levels", id="nesting that Python would read"),
    pytest.param(
        PREDICT, nested(100_000 // 2), 400, "nested too deeply", id="nesting that Python would not read"
    ),
    pytest.param(
        EVALUATE,
        nested(900, '{"instances": %s, "labels": [1]}'),
        422,
        f"{MOST_LEVELS} levels",
        id="rows to evaluate",
    ),
    pytest.param(
        EVALUATE,
        json.dumps({"instances": ROWS.tolist(), "labels": 0}).replace("0}", "%s}").encode()
        % (b"[" * 900 + b"]" * 900),
        422,
        "label",
        id="nested labels",
    ),
    pytest.param(V1, DEEP_V1, 400, "level", id="nesting in v1"),
    pytest.param(V1, nested(50_000), 400, "nested too deeply", id="deep nesting in v1"),
    pytest.param(V2, nested(50_000, '{"inputs": %s}'), 400, "nested too deeply", id="deep nesting in v2"),
    pytest.param(V2, nested(900, '{"inputs": %s}'), 400, f"{MOST_LEVELS} levels", id="nesting in v2"),
    pytest.param(
        V2,
        nested(900, '{"parameters": {"a": %s}, "inputs": []}'),
        400,
        f"{MOST_LEVELS} levels",
        id="nested parameters in v2",
    ),
    pytest.param(
        V2,
        json.dumps({"inputs": [INFER | {"data": [0]}]}).replace("[0]", "[" * 900 + "0" + "]" * 900).encode(),
        400,
        "data",
        id="nested data in v2",
    ),
    pytest.param(f"{PREDICT}\ncontent-type: image/png", picture(101, 100), 413, "101x100", id="pixels"),
    pytest.param(
        f"{PREDICT}\ncontent-type: image/png", picture(2**31 - 1, 2**31 - 1), 413, "pixels", id="all pixels"
    ),
    pytest.param(
        f"{PREDICT}\n{NPY}", npy_header("(1,)", padding=20_000) + b"\0", 400, "header", id="a long header"
    ),
    pytest.param(f"{PREDICT}\n{NPY}", as_npy(np.zeros((1,) * 33)), 422, "32 axes", id="axes"),
    pytest.param(
        f"{PREDICT}\n{NPY}",
        npy_header(f"({'1,' * 70})") + b"\0",
        422,
        "32 axes",
        id="axes that NumPy does not have",
    ),
    pytest.param(
        f"{PREDICT}\n{NPY}", npy_header(f"(0, {2**70})"), 400, "length", id="an axis beyond all memory"
    ),
    pytest.param(
        f"{PREDICT}\n{NPY}", npy_header("(1,)", "'|O'") + b"\x80\x04.", 422, "real numbers", id="a pickle"
    ),
    pytest.param(f"{PREDICT}\n{FORM}", form(*[part()] * 4), 413, "3 files", id="files"),
    pytest.param(
        f"{PREDICT}\n{FORM}",
        form(part(*[b"x: y"] * MOST_PART_HEADERS)),
        413,
        f"{MOST_PART_HEADERS} headers",
        id="headers of a part",
    ),
    pytest.param(
        f"{PREDICT}\n{FORM}",
        form(part(b"x: " + b"y" * MOST_PART_HEAD_BYTES)),
        413,
        f"{MOST_PART_HEAD_BYTES} bytes",
        id="a header of a part",
    ),
    pytest.param(
        "POST /v2/repository/index HTTP/1.1", b" " * 65_537, 400, "declares 65537", id="a question of v2"
    ),
    pytest.param(
        "POST /v2/repository/index HTTP/1.1",
        nested(20_000, '{"a": %s}'),
        400,
        "parse",
        id="a deep question of v2",
    ),
]


@pytest.mark.parametrize(("head", "body", "status", "says"), CASES)
def test_what_is_over_a_limit_is_refused_and_the_next_is_answered(running, head, body, status, says):
    with running.connect() as client:
        got, _, answer = client.send(head, body).answer()
        error = json.loads(answer)["error"]
        message = error if isinstance(error, str) else error["message"]
        assert got == status and says in message, answer
        assert client.send(f"{PREDICT}\n{OCTETS}", ROWS.tobytes()).answer()[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"version": 1}' + b" " * 5000, 413),
        (nested(1000, '{"version": %s}'), 422),
        (nested(1999, "%s"), 400),
    ],
    ids=["size", "nesting", "deep nesting"],
)
def test_what_an_operator_sends_has_limits_too(running, body, status):
    with running.connect() as client:
        label = "PUT /models/fashion_mnist/labels/stable HTTP/1.1"
        assert client.send(f"{label}\n{running.key}", body).answer()[0] in (status, 400)


def test_what_is_within_them_passes(running):
    image = io.BytesIO()
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(image, "PNG")
    good = [
        (f"{PREDICT}\n{OCTETS}", ROWS[:1].tobytes() * 64),
        (f"{PREDICT}\ncontent-type: image/png", image.getvalue()),
        (f"{PREDICT}\n{FORM}", form(*[part(*[b"x: y"] * (MOST_PART_HEADERS - 1))] * 3)),
        (
            f"{PREDICT}\ncontent-encoding: gzip",
            gzip.compress(json.dumps({"instances": ROWS.tolist()}).encode()),
        ),
        (
            f"{EVALUATE}\ncontent-encoding: gzip",
            gzip.compress(json.dumps({"instances": ROWS.tolist(), "labels": [0, 1]}).encode()),
        ),
    ]
    with running.connect() as client:
        for head, body in good:
            assert client.send(head, body).answer()[0] == 200, head
