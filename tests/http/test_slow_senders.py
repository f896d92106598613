"""A request that does not become complete in time is ended, whoever would have answered it; a slow one is not."""

import json
import time

import numpy as np
import pytest

from tests.http.sockets import Running

LIMIT_S = 0.5
BODY = json.dumps({"instances": np.zeros((1, 28, 28)).tolist()}).encode()
PREDICT = b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n" % len(BODY)
EVALUATE = PREDICT.replace(b"/predict", b"/evaluate")


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request):
    changes = {"read_timeout_ms": int(LIMIT_S * 1000), "cors_origins": request.param}
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


@pytest.mark.parametrize(
    "sent",
    [b"P", b"POST /predict HTTP/1.1\r\nhost: te", PREDICT, PREDICT + BODY[:100], EVALUATE + BODY[:100]],
    ids=["a byte", "half a head", "no body", "half a body", "half a body of a slow route"],
)
def test_what_does_not_become_complete_is_told_so_and_ended(running, sent):
    with running.connect() as connection:
        connection.socket.sendall(sent)
        status, headers, body = connection.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert json.loads(body)["error"]["code"] == "request_timeout"
        assert connection.closed()


def test_a_body_that_stops_behind_a_known_head_is_ended_too(running):
    with running.connect() as connection:
        for _ in range(2):
            assert connection.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200
        connection.socket.sendall(PREDICT + BODY[:100])
        assert connection.answer()[0] == 408
        assert connection.closed()


def test_a_connection_that_brings_nothing_is_closed_without_a_word(running):
    with running.connect() as connection:
        assert connection.closed()


def test_a_slow_one_that_comes_in_time_is_answered_and_the_next_has_its_own_time(running):
    with running.connect() as connection:
        for _ in range(3):
            head, middle = PREDICT[:30], len(BODY) // 2
            for piece in (head, PREDICT[30:], BODY[:middle], BODY[middle:]):
                connection.socket.sendall(piece)
                time.sleep(LIMIT_S / 10)
            assert connection.answer()[0] == 200


def test_the_rows_of_one_that_is_late_are_given_back(running):
    with running.connect() as late:
        late.socket.sendall(PREDICT + BODY[:100])
        assert late.answer()[0] == 408
    running.wait_for_rows(0)
    with running.connect() as connection:
        assert connection.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200


def test_empty_lines_are_no_request_and_keep_no_connection(running):
    with running.connect() as connection:
        assert connection.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200
        connection.socket.sendall(b"\r\n\r\n")
        assert connection.closed()
