"""A head of a request that is too large is refused before it fills the memory, however it comes."""

import json
import select

import pytest

from tests.http.sockets import Running

START = b"POST /predict HTTP/1.1\r\nhost: test\r\n"


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request):
    changes = {"max_headers": 20, "max_head_bytes": 8192, "cors_origins": request.param}
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


def send_until_answered(connection, piece: bytes) -> None:
    """Send the same again and again, and stop when there is an answer; what comes later would reset it."""
    for _ in range(100):
        if select.select([connection.socket], [], [], 0.1)[0]:
            return
        connection.socket.sendall(piece)


def refused(connection) -> None:
    status, headers, body = connection.answer()
    assert (status, headers["connection"]) == (431, "close")
    assert "20 headers" in json.loads(body)["error"]["message"]
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
        pytest.param(b"GET /", b"a" * 1000, id="a path"),
    ],
)
def test_a_head_that_does_not_end_is_refused(running, start, piece):
    with running.connect() as connection:
        connection.socket.sendall(start)
        send_until_answered(connection, piece)
        refused(connection)


def test_as_many_as_are_allowed_pass_and_each_request_counts_anew(running):
    with running.connect() as connection:
        for _ in range(3):
            head = "GET /health/live HTTP/1.1\n" + "\n".join(f"x-{i}: {'v' * 200}" for i in range(18))
            assert connection.send(head).answer()[0] == 200
