"""`/statistics`: known requests give known counts, whichever way they took through the server."""

import asyncio
import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import httpx
import numpy as np
import pytest

from service.dialects.native import Native
from service.http_types import Response
from service.lane import PredictLane
from service.predictor import Predictor
from service.settings import Settings
from tests.http.sockets import Running
from tests.http.watching import until, versions
from tests.models import expected, write_version

PIXELS = np.random.default_rng(3).integers(0, 256, (40, 28, 28), np.uint8)
PREDICT = "POST /predict HTTP/1.1\ncontent-type: application/octet-stream"
JSON = "POST /predict HTTP/1.1\ncontent-type: application/json"

WAYS = pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "through ASGI"])


def raw(rows: int) -> bytes:
    return PIXELS[:rows].tobytes()


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    server = Running(settings)
    yield server
    server.stop()


@pytest.fixture
def slow(settings: Settings) -> Iterator[Running]:
    """A server whose batches take long enough to be met while they are computed."""
    write_version(settings.artifacts_dir / "fashion_mnist" / "1", slowness=60)
    server = Running(settings)
    yield server
    server.stop()


def statistics(running: Running) -> dict:
    """The only version's."""
    with running.connect() as client:
        status, _, body = client.send("GET /statistics HTTP/1.1").answer()
    assert status == 200
    (version,) = json.loads(body)["versions"]
    return version


def failures(version: dict) -> dict[str, int]:
    return {reason: spent["count"] for reason, spent in version["failures"].items()}


def until_counted(running: Running, count: int) -> dict:
    """The statistics, when so many requests have ended."""
    deadline = time.monotonic() + 30
    while True:
        found = statistics(running)
        if found["success"]["count"] + sum(failures(found).values()) == count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def test_a_server_that_did_nothing_says_so(client):
    (found,) = client.get("/statistics").json()["versions"]
    assert (found["model"], found["version"], found["last_inference"]) == ("fashion_mnist", 1, None)
    assert found["success"] == {"count": 0, "total_ms": 0, "mean_ms": None}
    assert found["failures"] == {} and found["batches"] == [] and found["mean_batch_rows"] is None


@WAYS
def test_known_requests_give_known_counts(running, chunked):
    before = datetime.now(UTC)
    with running.connect() as client:
        for rows in (1, 1, 3, 40):
            assert client.send(PREDICT, raw(rows), chunked=chunked).answer()[0] == 200
        packed = gzip.compress(raw(2))
        assert client.send(f"{PREDICT}\ncontent-encoding: gzip", packed, chunked=chunked).answer()[0] == 200
    found = statistics(running)
    assert (found["rows"], found["rows_computed"], found["rows_in_flight"]) == (47, 47, 0)
    assert [(batch["rows"], batch["count"]) for batch in found["batches"]] == [
        (1, 2),
        (2, 1),
        (3, 1),
        (8, 1),
        (16, 2),
    ]
    assert found["executions"]["count"] == 7 and found["mean_batch_rows"] == 47 / 7
    assert found["failures"] == {} and found["failed_executions"]["count"] == 0
    parts = [found[name] for name in ("queue", "compute_input", "compute_infer", "compute_output")]
    for spent in (found["success"], *parts):
        assert spent["count"] == 5 and spent["total_ms"] > 0
        assert spent["mean_ms"] == pytest.approx(spent["total_ms"] / 5)
    assert found["success"]["total_ms"] == pytest.approx(sum(part["total_ms"] for part in parts))
    assert found["compute_infer"]["total_ms"] >= found["executions"]["total_ms"] * 0.999
    latencies = found["latencies"]
    assert sum(latencies["counts"]) == 5 and len(latencies["counts"]) == len(latencies["bounds_ms"]) + 1
    assert latencies["bounds_ms"][:3] == pytest.approx([0.1, 0.25, 0.5])
    assert before.timestamp() - 1 <= datetime.fromisoformat(found["last_inference"]).timestamp()


@WAYS
def test_what_is_refused_is_counted_by_its_reason_where_the_version_is_known(running, chunked):
    asked = [
        (JSON, b'{"instances": 5'),
        (JSON, b'{"instances": [[1, 2], [3]]}'),
        (JSON, b'{"instances": [["a"]]}'),
        (PREDICT, raw(1)[:-1]),
        ("POST /predict?top_k=0 HTTP/1.1", raw(1)),
        ("POST /predict?top_k=11 HTTP/1.1\ncontent-type: application/octet-stream", raw(1)),
        (f"{PREDICT}\nx-timeout-ms: soon", raw(1)),
        ("POST /models/fashion_mnist/versions/1/predict HTTP/1.1\ncontent-type: text/plain", b"5"),
        (PREDICT, raw(40) * 2),  # too many rows
        (PREDICT, raw(40) * 10),  # too many bytes
        # Nobody's: no version is known, or it is no prediction.
        ("POST /models/none/predict HTTP/1.1", raw(1)),
        ("POST /models/fashion_mnist/versions/7/predict HTTP/1.1", raw(1)),
        ("POST /models/fashion_mnist/versions/x/predict HTTP/1.1", raw(1)),
        ("PUT /predict HTTP/1.1", raw(1)),
        ("GET /health/live HTTP/1.1", b""),
    ]
    codes: Counter[str] = Counter()
    for head, body in asked:
        with running.connect() as client:
            status, _, answer = client.send(head, body, chunked=chunked).answer()
            if status != 200:
                codes[json.loads(answer)["error"]["code"]] += 1
    found = statistics(running)
    assert codes.pop("model_not_found") == 2 and codes.pop("method_not_allowed") == 1
    codes["invalid_input"] -= 1  # the version x
    assert failures(found) == dict(codes)
    assert set(codes) == {"malformed_body", "invalid_input", "unsupported_media_type", "too_large"}
    assert sum(codes.values()) == 10 and found["success"]["count"] == found["executions"]["count"] == 0


@WAYS
def test_a_full_queue_a_passed_deadline_and_a_client_that_left_are_told_apart(slow, chunked):
    with slow.connect() as filling, slow.connect() as waiting, slow.connect() as leaving:
        filling.send(PREDICT, raw(32) * 2)
        slow.wait_for_rows(64)
        waiting.send(f"{PREDICT}\nx-timeout-ms: 1", raw(1), chunked=chunked)
        assert waiting.answer()[0] == 504
        filling_too = slow.connect().send(PREDICT, raw(30) * 2)
        slow.wait_for_rows(124)
        assert waiting.send(PREDICT, raw(5), chunked=chunked).answer()[0] == 429
        leaving.send(PREDICT, raw(3), chunked=chunked)
        slow.wait_for_rows(127)
        assert statistics(slow)["rows_in_flight"] == 127
        leaving.socket.close()
        assert filling.answer()[0] == filling_too.answer()[0] == 200
        filling_too.socket.close()
    found = until_counted(slow, 5)
    assert failures(found) == {"deadline_exceeded": 1, "overloaded": 1, "cancelled": 1}
    assert (found["success"]["count"], found["rows"], found["rows_in_flight"]) == (2, 124, 0)
    assert found["rows_computed"] == 124 and found["queue"]["total_ms"] > 0


@WAYS
def test_a_client_that_leaves_in_the_middle_of_its_body_is_counted_too(running, chunked):
    with running.connect() as client:
        client.send(PREDICT, raw(1)).answer()
        length = "transfer-encoding: chunked\r\n\r\n310\r\n" if chunked else "content-length: 784\r\n\r\n"
        head = f"{PREDICT}\nhost: test".replace("\n", "\r\n")
        client.socket.sendall(f"{head}\r\n{length}".encode() + raw(1)[:300])
    found = until_counted(running, 2)
    assert failures(found) == {"cancelled": 1} and found["success"]["count"] == 1


def test_random_traffic_of_many_clients_is_counted_exactly(running):
    kinds = [
        (PREDICT, raw(1), None, 1),
        (PREDICT, raw(7), None, 7),
        (PREDICT, raw(40), None, 40),
        (JSON, json.dumps({"instances": PIXELS[:2].tolist()}).encode(), None, 2),
        (PREDICT, raw(1)[:-1], "invalid_input", 0),
        (JSON, b"{", "malformed_body", 0),
    ]

    def ask(seed: int) -> list[int]:
        random, asked = Random(seed), []
        with running.connect() as client:
            for _ in range(30):
                asked.append(random.randrange(len(kinds)))
                head, body, code, _ = kinds[asked[-1]]
                status, _, answer = client.send(head, body, chunked=random.random() < 0.3).answer()
                assert (status == 200) == (code is None), answer
        return asked

    with ThreadPoolExecutor(3) as pool:
        asked = [kinds[kind] for one in pool.map(ask, range(3)) for kind in one]
    found = statistics(running)
    assert found["success"]["count"] == sum(code is None for _, _, code, _ in asked)
    assert found["rows"] == found["rows_computed"] == sum(rows for *_, rows in asked)
    assert failures(found) == Counter(code for _, _, code, _ in asked if code)
    assert sum(batch["rows"] * batch["count"] for batch in found["batches"]) == found["rows"]


class Broken(Native):
    """Cannot write its answers."""

    def answer(self, *_: object) -> Response:
        raise RuntimeError("no answer can be written")


def test_an_answer_that_cannot_be_written_is_a_failure_of_the_server_and_no_success(client):
    predictor = Predictor(
        client.parts.registry,
        [Broken(client.parts.bodies)],
        client.parts.keys,
        max_body_bytes=10_000,
        default_timeout_s=5,
    )
    transport = httpx.ASGITransport(PredictLane(client.app, predictor))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            return await http.post("/predict", json={"instances": PIXELS[:2].tolist()})

    assert client.run(ask()).status_code == 500
    (found,) = client.get("/statistics").json()["versions"]
    assert failures(found) == {"internal": 1}
    assert (found["success"]["count"], found["rows"], found["rows_computed"]) == (0, 0, 2)


def test_an_evaluation_is_seen_in_the_batches_and_is_no_request(client):
    labels = expected(PIXELS).argmax(axis=1).tolist()
    assert client.post("/evaluate", json={"instances": PIXELS.tolist(), "labels": labels}).status_code == 200
    (found,) = client.get("/statistics").json()["versions"]
    assert (found["rows_computed"], found["rows"], found["success"]["count"]) == (40, 0, 0)


def test_a_version_that_is_no_longer_loaded_keeps_its_counts(make_client, artifacts):
    client = make_client(versions_loaded=1)
    body = {"content": raw(2), "headers": {"content-type": "application/octet-stream"}}
    assert client.post("/predict", **body).json()["version"] == 1
    write_version(artifacts / "fashion_mnist" / "2", seed=2)
    until(client, lambda: versions(client, "fashion_mnist").get(1, {}).get("state") == "found")
    assert client.post("/predict", **body).json()["version"] == 2
    found = client.get("/statistics").json()["versions"]
    assert [(one["version"], one["rows"]) for one in found] == [(1, 2), (2, 2)]


def test_statistics_of_one_version_are_had_by_its_name(client):
    async def of(*which) -> list[int]:
        return [one.version for one in await client.parts.statistics.of(*which)]

    async def all_of() -> tuple[list[int], ...]:
        return tuple(
            await asyncio.gather(of("fashion_mnist"), of("fashion_mnist", 1), of("fashion_mnist", 2), of("x"))
        )

    assert client.run(all_of()) == ([1], [1], [], [])


def test_it_is_documented(client):
    operation = client.get("/openapi.json").json()["paths"]["/statistics"]["get"]
    assert operation["tags"] == ["statistics"] and operation["description"]
