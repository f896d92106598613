"""What a client does not read is not kept for it without end, and what it still reads is not taken from it."""

import socket

import numpy as np
import pytest

from tests.http.sockets import Running

PIXELS = np.random.default_rng(3).integers(0, 256, (64, 28, 28), np.uint8).tobytes()
OCTETS = "content-type: application/octet-stream"
REQUEST = b"POST /predict HTTP/1.1\r\nHost: test\r\n%b\r\nContent-Length: %d\r\n\r\n%b"
REQUEST %= (OCTETS.encode(), len(PIXELS), PIXELS)


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request):
    changes = {"write_timeout_ms": 500, "cors_origins": request.param}
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


def test_a_client_that_asks_and_asks_and_reads_nothing_is_given_up(running):
    with running.connect() as connection:
        connection.socket.settimeout(20)
        with pytest.raises(OSError):  # the server stops reading, and then ends the connection
            for _ in range(20_000):
                connection.socket.sendall(REQUEST)
    with running.connect() as client:
        assert client.send(f"POST /predict HTTP/1.1\n{OCTETS}", PIXELS).answer()[0] == 200


def test_one_that_reads_late_but_in_time_gets_all(running):
    with running.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(20):
            connection.socket.sendall(REQUEST)
            assert connection.answer()[0] == 200
