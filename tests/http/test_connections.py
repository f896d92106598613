"""Requests as bytes on a socket: what is answered past ASGI is answered as the application would."""

import gc
import json
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from service.connection.protocol import Protocol
from service.settings import Settings
from tests.http.sockets import Running
from tests.models import expected, write_version

PIXELS = np.random.default_rng(7).integers(0, 256, (3, 28, 28), np.uint8)
JSON = json.dumps({"instances": PIXELS.tolist()}).encode()
RAW = PIXELS.tobytes()
LARGE = RAW * 21
OCTETS = "content-type: application/octet-stream"


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    server = Running(settings)
    yield server
    server.stop()


REQUESTS = [
    pytest.param("POST /predict HTTP/1.1\ncontent-type: application/json", JSON, id="json"),
    pytest.param("POST /predict HTTP/1.1", JSON, id="no content type"),
    pytest.param(f"POST /predict?top_k=2&probabilities=false HTTP/1.1\n{OCTETS}", RAW, id="options"),
    pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}\nAccept: application/x-npy", RAW, id="npy answer"),
    pytest.param(f"POST /models/fashion_mnist/versions/1/predict HTTP/1.1\n{OCTETS}", RAW, id="version"),
    pytest.param(f"POST /models/fashion%5Fmnist/predict HTTP/1.1\n{OCTETS}", RAW, id="quoted"),
    pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}\nx-request-id: mine.1", RAW, id="request id"),
    pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}", RAW[:-1], id="a byte short"),
    pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}", b"", id="no body"),
    pytest.param("POST /predict HTTP/1.1", b'{"instances": 5', id="no json"),
    pytest.param("POST /predict HTTP/1.1", b'{"instances": [[1, 2], [3]]}', id="wrong shape"),
    pytest.param("POST /predict HTTP/1.1\ncontent-type: text/plain", b"5", id="wrong type"),
    pytest.param("POST /predict?top_k=0 HTTP/1.1", JSON, id="wrong option"),
    pytest.param("POST /predict?top_k=11 HTTP/1.1", JSON, id="too many classes"),
    pytest.param("POST /predict HTTP/1.1\nx-timeout-ms: soon", JSON, id="wrong deadline"),
    pytest.param("POST /predict HTTP/1.1\ncontent-encoding: gzip", JSON, id="compressed"),
    pytest.param("POST /models/none/predict HTTP/1.1", JSON, id="no such model"),
    pytest.param("POST /models/fashion_mnist/versions/7/predict HTTP/1.1", JSON, id="no such version"),
    pytest.param(f"POST /predict HTTP/1.1\n{OCTETS}", RAW * 30, id="too many rows"),
    pytest.param(
        "POST /predict HTTP/1.1", json.dumps({"instances": (PIXELS // 255).tolist()}).encode(), id="warned"
    ),
    pytest.param("PUT /predict HTTP/1.1", JSON, id="wrong method"),
]


def without_ids(answer: tuple[int, dict[str, str], bytes]) -> object:
    status, headers, body = answer
    kept = {name: value for name, value in headers.items() if name not in ("date", "x-request-id")}
    return status, kept, re.sub(rb'"request_id":"\w+"', b"", body)


@pytest.mark.parametrize(("head", "body"), REQUESTS)
def test_a_plain_request_is_answered_as_a_chunked_one_which_goes_through_asgi(running, head, body):
    with running.connect() as plain, running.connect() as chunked:
        past = plain.send(head, body).answer()
        through = chunked.send(head, body, chunked=True).answer()
    assert without_ids(past) == without_ids(through)
    for _, headers, content in (past, through):
        assert headers["x-request-id"]
        if b"request_id" in content:
            assert json.loads(content)["error"]["request_id"] == headers["x-request-id"]


def test_a_plain_id_is_echoed_and_another_is_not(running):
    with running.connect() as client:
        assert (
            client.send("POST /predict HTTP/1.1\nX-Request-ID: a-1", JSON).answer()[1]["x-request-id"]
            == "a-1"
        )
        own = client.send("POST /predict HTTP/1.1\nX-Request-ID: a b", JSON).answer()[1]["x-request-id"]
        again = client.send("POST /predict HTTP/1.1", JSON).answer()[1]["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16,17}", own) and own != again


def test_one_connection_takes_one_request_after_the_other_and_all_routes(running):
    with running.connect() as client:
        for pixels in PIXELS:
            status, _, body = client.send(f"POST /predict HTTP/1.1\n{OCTETS}", pixels.tobytes()).answer()
            assert status == 200
            probabilities = json.loads(body)["predictions"][0]["probabilities"]
            np.testing.assert_allclose(probabilities, expected(pixels[None])[0], atol=1e-5)
            assert client.send("GET /health/live HTTP/1.1").answer()[0] == 200


def test_requests_sent_before_their_answers_are_answered_in_their_order(running):
    with running.connect() as client:
        for number in range(6):
            client.send(
                f"POST /predict HTTP/1.1\n{OCTETS}\nx-request-id: {number}", PIXELS[number % 3].tobytes()
            )
            client.send(f"GET /health/live HTTP/1.1\nx-request-id: live-{number}")
        ids = [client.answer()[1]["x-request-id"] for _ in range(12)]
    assert ids == [name for number in range(6) for name in (str(number), f"live-{number}")]


def test_a_body_may_come_in_pieces(running):
    with running.connect() as client:
        head = (
            f"POST /predict HTTP/1.1\r\nhost: test\r\n{OCTETS}\r\ncontent-length: {len(RAW)}\r\n\r\n".encode()
        )
        for start in range(0, len(data := head + RAW), 100):
            client.socket.sendall(data[start : start + 100])
        assert client.answer()[0] == 200


@pytest.mark.parametrize("seed", range(8))
def test_a_head_that_comes_again_means_the_same_whatever_the_length_and_however_it_is_cut(running, seed):
    """Requests that differ in their bodies alone, several in a row before their answers, in random pieces."""
    random = Random(seed)
    with running.connect() as client:
        for _ in range(15):
            asked = [random.choice([(0,), (2, 1), (0, 1, 2), ()]) for _ in range(random.choice([1, 1, 2, 3]))]
            data = b"".join(_json_request(PIXELS[list(which)]) for which in asked)
            cuts = sorted(random.randrange(len(data)) for _ in range(random.choice([0, 0, 1, 5])))
            for start, stop in pairwise([0, *cuts, len(data)]):
                client.socket.sendall(data[start:stop])
            for which in asked:
                status, _, body = client.answer()
                if not which:
                    assert status == 422
                    continue
                got = [prediction["probabilities"] for prediction in json.loads(body)["predictions"]]
                np.testing.assert_allclose(got, expected(PIXELS[list(which)]), atol=1e-5)


def _json_request(pixels: np.ndarray) -> bytes:
    body = json.dumps({"instances": pixels.tolist()}).encode()
    return b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_a_client_that_reads_no_answers_is_not_read_from_without_end(running):
    """Answers that nobody reads would fill the memory: the server waits, and loses nothing."""
    body = np.repeat(PIXELS, 21, axis=0).tobytes()
    request = b"POST /predict HTTP/1.1\r\nHost: test\r\n%b\r\nContent-Length: %d\r\n\r\n%b"
    request %= (OCTETS.encode(), len(body), body)
    with running.connect() as client:
        sent = 0
        client.socket.settimeout(2)
        with pytest.raises(TimeoutError):
            while sent < 10_000:
                client.socket.sendall(request)
                sent += 1
        client.socket.settimeout(30)
        assert 0 < sent < 10_000
        for _ in range(sent):
            assert client.answer()[0] == 200


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(settings, artifacts):
    write_version(artifacts / "slow" / "1", slowness=60)
    server = Running(settings.model_copy(update={"max_batch_rows": 1}))
    server.keep_alive(1.0)
    with server.connect() as client:
        assert client.send(f"POST /predict HTTP/1.1\n{OCTETS}", RAW).answer()[0] == 200
        # It takes longer than an idle connection is kept.
        assert client.send(f"POST /models/slow/predict HTTP/1.1\n{OCTETS}", LARGE).answer()[0] == 200
        assert client.closed()
    server.stop()


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("POST /predict HTTP/1.1\nconnection: close", id="asked to close"),
        pytest.param("POST /predict HTTP/1.0", id="an old protocol"),
    ],
)
def test_a_connection_that_is_to_end_ends_after_its_answer(running, head):
    with running.connect() as client:
        status, headers, _ = client.send(head, JSON).answer()
        assert (status, headers["connection"]) == (200, "close")
        assert client.closed()


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(running):
    with running.connect() as client:
        head = f"POST /predict HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: {len(JSON)}\r\n\r\n"
        client.socket.sendall(head.encode())
        assert client.answer()[0] == 100
        client.socket.sendall(JSON)
        assert client.answer()[0] == 200


def test_an_old_client_that_would_stay_gets_its_answer_and_the_end(running):
    with running.connect() as client:
        status, headers, _ = client.send("POST /predict HTTP/1.0\nconnection: keep-alive", JSON).answer()
        assert (status, headers["connection"]) == (200, "close")
        assert client.closed()


def test_a_body_behind_a_request_for_another_protocol_is_not_run_as_a_request(running):
    with running.connect() as client:
        inner = b"GET /health/live HTTP/1.1\r\nhost: test\r\n\r\n"
        client.send("POST /predict HTTP/1.1\nconnection: upgrade\nupgrade: h2c", inner)
        assert client.answer()[0] == 400
        assert client.closed()


def test_a_head_is_learnt_with_its_own_meaning_where_several_come_in_one_piece(running):
    head = b"POST /predict?top_k=%d HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n"
    with running.connect() as client:
        client.socket.sendall(head % (1, 0) + head % (3, 0))
        assert [client.answer()[0] for _ in range(2)] == [400, 400]
        client.socket.sendall(head % (1, len(JSON)) + JSON)
        assert len(json.loads(client.answer()[2])["predictions"][0]["top"]) == 1


def test_what_is_no_http_is_a_400_and_the_server_goes_on(running):
    with running.connect() as broken, running.connect() as client:
        broken.socket.sendall(
            b"POST /predict HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"
        )
        assert broken.answer()[0] == 400
        assert client.send("POST /predict HTTP/1.1", JSON).answer()[0] == 200


class TestASlowModel:
    """Its forward pass is long, so that the client can leave, or the server stop, meanwhile."""

    @pytest.fixture
    def artifacts(self, tmp_path: Path) -> Path:
        folder = tmp_path / "artifacts"
        write_version(folder / "fashion_mnist" / "1", slowness=60)
        return folder

    @pytest.mark.parametrize("begun", [b"", b"P"], ids=["at rest", "in its next request"])
    def test_the_rows_of_a_client_that_left_are_dropped(self, running, begun):
        with running.connect() as first:
            first.send(f"POST /predict HTTP/1.1\n{OCTETS}", LARGE)
            running.wait_for_rows(len(LARGE) // 784)
            with running.connect() as leaving:
                leaving.send(f"POST /predict HTTP/1.1\n{OCTETS}", LARGE)
                running.wait_for_rows(2 * len(LARGE) // 784)
                leaving.socket.sendall(begun)
            running.wait_for_rows(len(LARGE) // 784)
            assert not select.select([first.socket], [], [], 0)[0]  # it is the other that went
            assert first.answer()[0] == 200

    def test_a_connection_that_is_reset_leaves_nothing_behind(self, running):
        """uvicorn keeps the timer of such a connection; what it holds would never go."""
        running.keep_alive(0.2)
        for _ in range(10):
            with running.connect() as client:
                assert client.send(f"POST /predict HTTP/1.1\n{OCTETS}", RAW).answer()[0] == 200
                lines = f"POST /predict HTTP/1.1\r\n{OCTETS}\r\nhost: test\r\ncontent-length: {len(LARGE)}"
                client.socket.sendall(f"{lines}\r\n\r\n".encode() + LARGE[:-1])
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        deadline = time.monotonic() + 10
        while sum(isinstance(one, Protocol) for one in gc.get_objects()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
            gc.collect()

    def test_what_is_under_way_when_the_server_stops_is_answered_and_the_connection_closed(self, settings):
        server = Running(settings)
        with server.connect() as client:
            client.send(f"POST /predict HTTP/1.1\n{OCTETS}", LARGE)
            server.wait_for_rows(len(LARGE) // 784)
            server.stop()
            status, headers, _ = client.answer()
            assert (status, headers["connection"]) == (200, "close")
            assert client.closed()
