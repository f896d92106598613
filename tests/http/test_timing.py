"""`Server-Timing`: where the time of a prediction went, where a client asks, whichever way it came."""

import json
import re
from collections.abc import Iterator

import pytest

from service.settings import Settings
from tests.http.sockets import Running

NAMES = ["decode", "queue", "compute", "encode"]
ROW = [[0] * 28] * 28
OWN = ("/predict", {"instances": ROW})
QUESTIONS = [
    pytest.param(*OWN, id="native"),
    pytest.param("/v1/models/fashion_mnist:predict", {"instances": [ROW]}, id="v1"),
    pytest.param(
        "/v2/models/fashion_mnist/infer",
        {"inputs": [{"name": "pixels", "shape": [1, 28, 28], "datatype": "UINT8", "data": [ROW]}]},
        id="v2",
    ),
]


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    server = Running(settings)
    yield server
    server.stop()


@pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "by the application"])
@pytest.mark.parametrize(("path", "body"), QUESTIONS)
def test_an_answer_tells_where_its_time_went_to_who_asks(running, path, body, chunked):
    with running.connect() as connection:
        head = f"POST {path} HTTP/1.1\nx-timing: 1"
        for _ in range(2):  # the second head is known to the connection
            status, headers, _ = connection.send(head, json.dumps(body).encode(), chunked=chunked).answer()
            assert status == 200
            told = re.findall(r"([a-z]+);dur=([0-9.]+)", headers["server-timing"])
            assert [name for name, _ in told] == NAMES
            assert all(0 <= float(ms) < 60_000 for _, ms in told)


@pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "by the application"])
@pytest.mark.parametrize("header", ["x-other: 1", "x-timing: 0"])
def test_who_does_not_ask_is_told_nothing(running, header, chunked):
    path, body = OWN
    with running.connect() as connection:
        head = f"POST {path} HTTP/1.1\n{header}"
        status, headers, _ = connection.send(head, json.dumps(body).encode(), chunked=chunked).answer()
        assert status == 200 and "server-timing" not in headers


def test_the_times_are_those_that_the_statistics_count(running):
    path, body = OWN
    with running.connect() as connection:
        head = f"POST {path} HTTP/1.1\nx-timing: 1"
        _, headers, _ = connection.send(head, json.dumps(body).encode()).answer()
        told = {
            name: float(ms) for name, ms in re.findall(r"([a-z]+);dur=([0-9.]+)", headers["server-timing"])
        }
        _, _, text = connection.send("GET /statistics HTTP/1.1").answer()
    counted = json.loads(text)["versions"][0]
    fields = {
        "decode": "compute_input",
        "queue": "queue",
        "compute": "compute_infer",
        "encode": "compute_output",
    }
    for name, field in fields.items():
        assert told[name] == pytest.approx(counted[field]["total_ms"], abs=0.002), name
