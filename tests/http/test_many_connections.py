"""So many connections may be open; who comes later is told so, and may ask whether the server is well."""

import json
from contextlib import ExitStack

import numpy as np
import pytest

from service.connection.limits import SPARE_CONNECTIONS
from tests.http.sockets import Connection, Running

MOST = 3
BODY = json.dumps({"instances": np.zeros((1, 28, 28)).tolist()}).encode()
LIVE = "GET /health/live HTTP/1.1"


@pytest.fixture(params=["", "*"], ids=["past ASGI", "through middleware"])
def running(settings, request):
    changes = {"max_connections": MOST, "read_timeout_ms": 1000, "cors_origins": request.param}
    server = Running(settings.model_copy(update=changes))
    yield server
    server.stop()


@pytest.fixture
def full(running):
    """As many connections as there may be: each has asked once, so that the server has them."""
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(running.connect()) for _ in range(MOST)]
        for connection in connections:
            assert connection.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200
        yield connections


def refused(connection: Connection) -> None:
    status, headers, body = connection.answer()
    assert (status, headers["connection"], headers["retry-after"]) == (503, "close", "1")
    assert json.loads(body)["error"]["code"] == "too_many_connections"
    assert connection.closed()


@pytest.mark.parametrize(
    "head", ["POST /predict HTTP/1.1", "GET /models HTTP/1.1", "POST /evaluate HTTP/1.1"]
)
def test_one_more_is_told_to_come_again_and_those_that_are_there_go_on(running, full, head):
    with running.connect() as late:
        refused(late.send(head, BODY))
    for connection in full:
        assert connection.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready?x=1"])
def test_one_more_may_ask_whether_the_server_is_well_once(running, full, path):
    with running.connect() as probe:
        status, headers, _ = probe.send(f"GET {path} HTTP/1.1").answer()
        assert (status, headers["connection"]) == (200, "close")
        assert probe.closed()


def test_one_more_that_says_nothing_is_closed(running, full):
    with running.connect() as silent:
        assert silent.closed()


def test_far_too_many_are_refused_before_they_ask(running, full):
    with ExitStack() as open_ones:
        spare = [open_ones.enter_context(running.connect()) for _ in range(SPARE_CONNECTIONS)]
        refused(open_ones.enter_context(running.connect()))
        assert spare[0].send(LIVE).answer()[0] == 200


def test_who_comes_when_another_has_left_is_served(running, full):
    full[0].socket.close()
    for _ in range(100):
        with running.connect() as late:
            if late.send("POST /predict HTTP/1.1", BODY).answer()[0] == 200:
                return
    raise AssertionError("nobody was served in the place of the one that left")
