"""A head of a request that is too large is refused before it fills the memory, however it comes."""

import json
import select

import pytest

from tests.http.sockets import Running

START = b"POST /predict HTTP/1.1\r\nhost: test\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request):
    changes = {
        "max_headers": 20,
        "max_head_bytes": 8192,
        "max_url_bytes": 1024,
        "cors_origins": request.param,
    }
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


def send_until_answered(connection, piece: bytes) -> None:
    """Send the same again and again, and stop when there is an answer; what comes later would reset it."""
    for _ in range(100):
        if select.select([connection.socket], [], [], 0.1)[0]:
            return
        connection.socket.sendall(piece)


def refused(connection, status: int = 431, says: str = "20 headers") -> None:
    got, headers, body = connection.answer()
    assert (got, headers["connection"]) == (status, "close")
    assert says in json.loads(body)["error"]["message"]
    assert connection.closed()


def test_too_many_headers_are_refused(running):
    with running.connect() as connection:
        connection.socket.sendall(START + b"x: y\r\n" * 30)
        refused(connection)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        pytest.param(START + b"x-long: ", b"a" * 1000, id="a header"),
        pytest.param(START + b"x: ", b"1\r\nx: " + b"b" * 990, id="headers"),
        pytest.param(CHUNKED + b"0\r\nx-long: ", b"a" * 1000, id="a header behind the body"),
        pytest.param(CHUNKED + b"0\r\nx: ", b"1\r\nx: " + b"b" * 990, id="headers behind the body"),
        pytest.param(CHUNKED + b"1;", b"a" * 1000, id="an extension of a chunk"),
    ],
)
def test_a_head_that_does_not_end_is_refused(running, start, piece):
    with running.connect() as connection:
        connection.socket.sendall(start)
        send_until_answered(connection, piece)
        refused(connection)


def test_a_url_that_does_not_end_is_refused(running):
    with running.connect() as connection:
        connection.socket.sendall(b"GET /")
        send_until_answered(connection, b"a" * 1000)
        refused(connection, 414, "1024 bytes")


@pytest.mark.parametrize(
    "start", ["/models/", "/predict?x=", "http://host/"], ids=["path", "query", "absolute"]
)
def test_a_url_may_be_as_long_as_that_and_no_longer(running, start):
    with running.connect() as connection:
        longest = start + "a" * (1024 - len(start))
        assert connection.send(f"GET {longest} HTTP/1.1").answer()[0] in (404, 405)
        connection.send(f"GET {longest}a HTTP/1.1")
        refused(connection, 414, "1024 bytes")


def test_a_header_behind_the_body_is_not_taken_for_one_of_the_request(running):
    with running.connect() as connection:
        body = b'{"instances": [1]}'
        late = b"%x\r\n%b\r\n0\r\nx-timeout-ms: soon\r\n\r\n" % (len(body), body)
        connection.socket.sendall(CHUNKED + late)
        status, _, answer = connection.answer()
        assert status == 422 and b"X-Timeout-Ms" not in answer


def test_as_many_as_are_allowed_pass_and_each_request_counts_anew(running):
    with running.connect() as connection:
        for _ in range(3):
            head = "GET /health/live HTTP/1.1\n" + "\n".join(f"x-{i}: {'v' * 200}" for i in range(18))
            assert connection.send(head).answer()[0] == 200
