"""Requests that are wrong on purpose: each gets its answer, and the next client gets the right one."""

import json
import re
import socket
import struct
from contextlib import suppress
from random import Random

import numpy as np
import pytest

from service.settings import Settings
from tests.http.sockets import Connection, Running
from tests.models import expected, write_version

PIXELS = np.random.default_rng(11).integers(0, 256, (2, 28, 28), np.uint8)
BODY = json.dumps({"instances": PIXELS.tolist()}).encode()
OCTETS = "content-type: application/octet-stream"
LIVE = b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_version(folder / "artifacts" / "fashion_mnist" / "1")
    write_version(folder / "artifacts" / "slow" / "1", slowness=30)
    server = Running(
        Settings(
            artifacts_dir=folder / "artifacts",
            state_dir=folder / "state",
            default_model="fashion_mnist",
            max_body_bytes=200_000,
        )
    )
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def the_next_one_is_answered_rightly(running):
    """Whatever a test did, an ordinary request on a new connection gets the right answer."""
    yield
    with running.connect() as client:
        for _ in range(2):
            status, _, body = client.send("POST /predict HTTP/1.1", BODY).answer()
            assert status == 200
            got = [one["probabilities"] for one in json.loads(body)["predictions"]]
            np.testing.assert_allclose(got, expected(PIXELS), atol=1e-5)


def request(*headers: bytes, body: bytes = BODY, line: bytes = b"POST /predict HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"host: test", *headers, b"", body])


def chunks(body: bytes = BODY, *, extension: bytes = b"", end: bytes = b"0\r\n\r\n") -> bytes:
    return b"%x%b\r\n%b\r\n%b" % (len(body), extension, body, end)


def error_of(connection: Connection) -> tuple[int, str]:
    status, headers, body = connection.answer()
    said = json.loads(body)["error"]
    assert said["request_id"] == headers["x-request-id"] and headers["content-type"] == "application/json"
    return status, said["code"]


N = b"%d" % len(BODY)
CHUNKED = b"transfer-encoding: chunked"
AMBIGUOUS = {
    "a length and chunks": request(b"content-length: " + N, CHUNKED, body=chunks()),
    "chunks and a length": request(CHUNKED, b"content-length: 3", body=chunks()),
    "two equal lengths": request(b"content-length: " + N, b"content-length: " + N),
    "a list of lengths": request(b"content-length: %b, %b" % (N, N)),
    "a length with a plus": request(b"content-length: +" + N),
    "a length below zero": request(b"content-length: -" + N),
    "a length in hex": request(b"content-length: 0x%x" % len(BODY)),
    "a length with a space in it": request(b"content-length: 1 2"),
    "a length with an underscore": request(b"content-length: 1_000"),
    "an empty length": request(b"content-length: "),
    "a length over 64 bits": request(b"content-length: 99999999999999999999999"),
    "a space before the colon": request(b"content-length : " + N),
    "chunks that are not the last coding": request(CHUNKED + b", identity", body=chunks()),
    "a coding that is not known": request(b"transfer-encoding: gzip, chunked", body=chunks()),
    "a coding like chunked": request(b"transfer-encoding: xchunked", body=chunks()),
    "a vertical tab before chunked": request(b"transfer-encoding: \x0bchunked", body=chunks()),
    "chunked twice": request(CHUNKED, CHUNKED, body=chunks()),
    "chunked in HTTP/1.0": request(CHUNKED, body=chunks(), line=b"POST /predict HTTP/1.0"),
    "a folded header": request(b"x-a: 1\r\n  folded", b"content-length: " + N),
    "line ends without a return": request(b"content-length: " + N).replace(b"\r\n", b"\n"),
    "one line end without a return": request(b"x: y\nz: 1", b"content-length: " + N),
    "a return without a line end": request(b"x: y\rz: 1", b"content-length: " + N),
    "NUL in a value": request(b"x: a\0b", b"content-length: " + N),
    "NUL in a name": request(b"x\0y: a", b"content-length: " + N),
    "a header without a colon": request(b"xy", b"content-length: " + N),
    "a header without a name": request(b": a", b"content-length: " + N),
    "no host": b"POST /predict HTTP/1.1\r\ncontent-length: %b\r\n\r\n%b" % (N, BODY),
    "two hosts": request(b"host: other", b"content-length: " + N),
    "a chunk over 64 bits": request(CHUNKED, body=b"fffffffffffffffff\r\n" + BODY),
    "a chunk below zero": request(CHUNKED, body=b"-5\r\n" + BODY),
    "a chunk with 0x": request(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk longer than it says": request(CHUNKED, body=b"5\r\nhello!0\r\n\r\n"),
    "a chunk size without a return": request(CHUNKED, body=b"%x\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "a line end in an extension": request(CHUNKED, body=chunks(extension=b";a\nb")),
    "no chunk behind a chunk": request(CHUNKED, body=chunks(end=b"zz\r\n")),
    "HTTP/2 unasked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version that does not exist": request(line=b"GET /health/live HTTP/1.2", body=b""),
    "a version of another protocol": request(line=b"GET /health/live HTTP/2.0", body=b""),
    "CONNECT": request(line=b"CONNECT test:443 HTTP/1.1", body=b""),
    "a method that does not exist": request(line=b"FOO /predict HTTP/1.1", body=b""),
    "bytes that are no text in the URL": request(line=b"GET /health/\xff\xfe HTTP/1.1", body=b""),
    "a space in the URL": request(line=b"GET /health/li ve HTTP/1.1", body=b""),
    "the first bytes of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "every byte": bytes(range(256)),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in AMBIGUOUS.items()])
def test_what_could_be_read_in_two_ways_or_in_none_is_refused_and_the_connection_ended(running, data):
    with running.connect() as client:
        client.socket.sendall(data)
        assert error_of(client) == (400, "malformed_request")
        assert client.closed()


PLAIN = {
    "spaces around a length": request(b"content-length:   %b  " % N),
    "zeros before a length": request(b"content-length: 000" + N),
    "chunked in any case": request(b"Transfer-Encoding: ChUnKeD", body=chunks()),
    "a tab before chunked": request(b"transfer-encoding:\tchunked", body=chunks()),
    "an extension of a chunk": request(CHUNKED, body=chunks(extension=b";a=b")),
    "a header behind the chunks": request(CHUNKED, body=chunks(end=b"0\r\nx-late: 1\r\n\r\n")),
    "an absolute URL": request(b"content-length: " + N, line=b"POST http://other/predict HTTP/1.1"),
    "empty lines before it": b"\r\n\r\n" + request(b"content-length: " + N),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in PLAIN.items()])
def test_what_is_unusual_and_means_one_thing_is_answered_and_the_connection_stays(running, data):
    with running.connect() as client:
        for _ in range(2):
            client.socket.sendall(data)
            assert client.answer()[0] == 200


@pytest.mark.parametrize(
    "data", [PLAIN["an absolute URL"], request(b"content-length: " + N)], ids=["absolute", "plain"]
)
def test_a_request_may_come_byte_by_byte(running, data):
    with running.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data[:300]:
            client.socket.sendall(bytes([byte]))
        client.socket.sendall(data[300:])
        assert client.answer()[0] == 200


def test_trace_repeats_nothing(running):
    with running.connect() as client:
        for path in ("/predict", "/health/live"):
            status, headers, body = client.send(
                f"TRACE {path} HTTP/1.1\nauthorization: Bearer secret"
            ).answer()
            assert status == 405 and b"secret" not in body and "secret" not in str(headers)


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0"])
def test_a_request_for_another_protocol_is_answered_in_this_one_and_the_next_too(running, protocol):
    """A client that offers another protocol with its first request goes on with this one."""
    offer = b"GET /health/live HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: %b\r\n\r\n"
    offer %= protocol.encode()
    with running.connect() as client:
        client.socket.sendall(offer)
        assert client.answer()[0] == 200
        assert client.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200
        client.socket.sendall(offer + LIVE + offer + LIVE)
        assert [client.answer()[0] for _ in range(4)] == [200] * 4


def test_a_body_too_large_is_refused_whether_it_is_declared_or_comes_in_chunks_and_the_connection_stays(
    running,
):
    with running.connect() as client:
        large = b"a" * 250_000
        for chunked in (False, True):
            status, _, body = client.send("POST /predict HTTP/1.1", large, chunked=chunked).answer()
            said = json.loads(body)["error"]
            assert (status, said["code"]) == (413, "too_large")
            assert ("this one declares 250000" in said["message"]) is not chunked
            assert client.send("GET /health/live HTTP/1.1").answer()[0] == 200


# ends that come early


CUT = {
    "in the first line": b"POST /pred",
    "in a header": b"POST /predict HTTP/1.1\r\nhost: te",
    "before the body": request(b"content-length: " + N, body=b""),
    "in the body": request(b"content-length: " + N, body=BODY[:100]),
    "in a chunk": request(CHUNKED, body=b"%x\r\n%b" % (len(BODY), BODY[:100])),
    "before the last chunk": request(CHUNKED, body=chunks(end=b"")),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in CUT.items()])
def test_a_request_that_is_cut_short_gets_no_answer_and_its_connection_is_closed(running, data):
    with running.connect() as client:
        client.socket.sendall(data)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.closed()


def after_100s(client: Connection) -> tuple[int, dict[str, str], bytes]:
    """The answer, past any interim ones, as every client of HTTP/1.1 reads it."""
    while (answer := client.answer())[0] == 100:
        pass
    return answer


@pytest.mark.parametrize("model", ["fashion_mnist", "slow"])
@pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "through ASGI"])
def test_a_client_that_ends_its_side_behind_its_request_gets_its_answer(running, model, chunked):
    with running.connect() as client:
        client.send(f"POST /models/{model}/predict HTTP/1.1\n{OCTETS}", PIXELS.tobytes(), chunked=chunked)
        client.socket.shutdown(socket.SHUT_WR)
        status, _, body = after_100s(client)
        assert status == 200 and len(json.loads(body)["predictions"]) == 2
        assert client.closed()


def test_one_that_ends_its_side_behind_several_requests_gets_all_answers(running):
    with running.connect() as client:
        for model in ("slow", "fashion_mnist", "slow"):
            client.send(f"POST /models/{model}/predict HTTP/1.1\n{OCTETS}", PIXELS.tobytes())
        client.socket.shutdown(socket.SHUT_WR)
        answers = [after_100s(client) for _ in range(3)]
        assert [json.loads(body)["model"] for _, _, body in answers] == ["slow", "fashion_mnist", "slow"]
        assert client.closed()


def test_an_old_client_that_ends_its_side_gets_its_answer_and_nothing_before_it(running):
    with running.connect() as client:
        client.send(f"POST /models/slow/predict HTTP/1.0\n{OCTETS}", PIXELS.tobytes())
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer()[0] == 200
        assert client.closed()


@pytest.mark.parametrize("read", [0, 100], ids=["before the answer", "in the answer"])
def test_a_connection_that_is_reset_disturbs_nobody(running, read):
    for _ in range(5):
        with running.connect() as client:
            client.send(f"POST /predict HTTP/1.1\n{OCTETS}", PIXELS[:1].tobytes() * 200)
            client.socket.recv(read)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# several at once


WRONG = b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n{]"


@pytest.mark.parametrize("slow", [False, True], ids=["quick", "slow"])
def test_many_at_once_right_and_wrong_are_answered_in_their_order_up_to_what_is_no_request(running, slow):
    path = b"/models/slow/predict" if slow else b"/predict"
    right = request(b"content-length: " + N, line=b"POST %b HTTP/1.1" % path)
    tunnelled = request(CHUNKED, body=chunks(), line=b"POST %b HTTP/1.1" % path)
    many = [right, WRONG, LIVE, tunnelled, b"GET /nowhere HTTP/1.1\r\nhost: test\r\n\r\n", right, LIVE, WRONG]
    due = [200, 400, 200, 200, 404, 200, 200, 400]
    with running.connect() as client:
        client.socket.sendall(b"".join(many) + b"NO HTTP\r\n\r\n" + LIVE)
        assert [client.answer()[0] for _ in due] == due
        assert error_of(client) == (400, "malformed_request")
        assert client.closed()


def test_what_is_refused_in_its_body_is_answered_behind_what_was_asked_before(running):
    with running.connect() as client:
        slow = request(b"content-length: " + N, line=b"POST /models/slow/predict HTTP/1.1")
        client.socket.sendall(slow + request(CHUNKED, body=b"zz\r\n"))
        assert client.answer()[0] == 200
        assert error_of(client) == (400, "malformed_request")
        assert client.closed()


def test_a_client_that_sends_on_when_it_is_refused_reads_why(running):
    """A connection closed while its client sends would be reset, and the answer lost."""
    with running.connect() as client:
        client.socket.sendall(b"NO HTTP\r\n\r\n")
        for _ in range(50):
            client.socket.sendall(b"x" * 10_000)
        assert error_of(client) == (400, "malformed_request")
        assert client.closed()


WHOLE = [*PLAIN.values(), *AMBIGUOUS.values(), request(b"content-length: " + N)]


@pytest.mark.parametrize("seed", range(4))
def test_requests_damaged_at_random_bring_answers_or_the_end_and_never_a_failure_of_the_server(
    running, seed, caplog
):
    random = Random(seed)
    for _ in range(60):
        data = bytearray(random.choice(WHOLE)[:2000] if random.random() < 0.5 else random.choice(WHOLE))
        for _ in range(random.choice([1, 2, 8])):
            at = random.randrange(min(len(data), 200))
            with_ = random.choice([b"", b"\r\n", b"\0", b":", b" ", b"\xff", bytes(data[at : at + 20]), b"0"])
            data[at : at + random.choice([0, 1, 3])] = with_
        with running.connect() as client:
            client.socket.sendall(bytes(data) + b"\r\n\r\n")
            client.socket.shutdown(socket.SHUT_WR)
            got = b""
            with suppress(ConnectionResetError):  # it was ended while this client was still sending
                while more := client.socket.recv(65536):
                    got += more
        for first in re.findall(rb"HTTP/1.1 (\d+) ", got):
            assert first in (
                b"100",
                b"200",
                b"400",
                b"404",
                b"405",
                b"413",
                b"414",
                b"415",
                b"422",
                b"431",
            ), data
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
