"""A model too slow for the event loop: it computes in a thread, and the loop, deadlines and clients go on."""

import asyncio
import json

import numpy as np
import pytest

from tests.models import expected, write_version

PIXELS = np.random.default_rng(5).integers(0, 256, (3, 28, 28), np.uint8)


@pytest.fixture
def artifacts(tmp_path):
    folder = tmp_path / "artifacts"
    write_version(folder / "fashion_mnist" / "1", slowness=20)
    return folder


def raw(pixels: np.ndarray, **headers: str) -> dict:
    return {"content": pixels.tobytes(), "headers": {"content-type": "application/octet-stream", **headers}}


async def computing(client) -> None:
    """Wait until the request that was just started is in the engine."""
    while not client.parts.registry.get().batcher.rows_in_flight:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


def test_it_gives_the_same_answers(client):
    responses = client.post_all("/predict", [raw(PIXELS), *(raw(PIXELS[i : i + 1]) for i in range(3))])
    got = [np.array([p["probabilities"] for p in r.json()["predictions"]]) for r in responses]
    np.testing.assert_allclose(np.concatenate(got), np.tile(expected(PIXELS), (2, 1)), atol=1e-5)


def test_the_loop_answers_others_while_it_computes(client):
    async def both():
        slow = asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0))))
        await computing(client)
        alive = await client.http.get("/health/live")
        return alive, slow.done(), await slow

    alive, already_done, slow = client.run(both())
    assert (alive.status_code, slow.status_code) == (200, 200) and not already_done


def test_what_waits_longer_than_its_deadline_gets_a_504_before_the_engine_is_free(client):
    async def both():
        first = asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0))))
        await computing(client)
        late = await client.http.post("/predict", **raw(PIXELS, **{"x-timeout-ms": "5"}))
        return late, first.done(), await first

    late, first_done, first = client.run(both())
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert first.status_code == 200 and not first_done


TENSOR = {"name": "pixels", "shape": [1, 28, 28], "datatype": "UINT8", "data": PIXELS[0].reshape(-1).tolist()}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/predict", raw(PIXELS[:1]), 429, id="native"),
        pytest.param("/predict", {"content": b"{"}, 429, id="a body that nobody reads"),
        pytest.param(
            "/v1/models/fashion_mnist:predict", {"json": {"instances": PIXELS.tolist()}}, 503, id="v1"
        ),
        pytest.param("/v2/models/fashion_mnist/infer", {"json": {"inputs": [TENSOR]}}, 503, id="v2"),
    ],
)
def test_who_would_wait_too_long_is_refused_before_the_engine_is_free(make_client, path, body, status):
    client = make_client(max_wait_ms=1)

    async def both():
        first = asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0))))
        await computing(client)
        refused = await client.http.post(path, **body)
        return refused, first.done(), await first

    refused, first_done, first = client.run(both())
    assert refused.status_code == status and int(refused.headers["retry-after"]) >= 1
    assert "wait" in refused.text
    assert first.status_code == 200 and not first_done
    assert client.post("/predict", **raw(PIXELS)).status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_the_rows_of_a_client_that_left_are_not_computed(make_client, path):
    """Asked by hand: the client sends its body and closes the connection while others are computed."""
    client = make_client(max_rows_in_flight=1000, max_rows_per_request=200, max_body_bytes=1_000_000)

    async def leave() -> list[dict]:
        sent: list[dict] = []
        messages = [
            {"type": "http.request", "body": PIXELS[:1].tobytes(), "more_body": False},
            {"type": "http.disconnect"},
        ]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"content-type", b"application/octet-stream")],
        }

        async def receive() -> dict:
            return messages.pop(0)

        async def send(message: dict) -> None:
            sent.append(message)

        await client.app(scope, receive, send)
        return sent

    async def both():
        slow = asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0))))
        await computing(client)
        sent = await leave()
        await asyncio.sleep(0)
        return sent, client.parts.registry.get().batcher.rows_in_flight, await slow

    sent, in_flight, slow = client.run(both())
    # Of nobody's concern is an empty answer that FastAPI sends all the same.
    assert not any(message.get("body") for message in sent) and slow.status_code == 200
    assert in_flight == 60  # of the one that stayed
    assert [one.failures["cancelled"].count for one in client.run(client.parts.statistics.all())] == [1]


def test_an_evaluation_waits_its_turn_while_predictions_fill_the_queue(make_client):
    client = make_client(max_rows_in_flight=64)
    labels = expected(PIXELS).argmax(axis=1).tolist()

    async def both():
        full = [asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0))))]
        await computing(client)
        body = {"instances": np.repeat(PIXELS, 5, axis=0).tolist(), "labels": np.repeat(labels, 5).tolist()}
        report = await client.http.post("/evaluate", json=body)
        return report, await asyncio.gather(*full)

    report, predictions = client.run(both())
    assert report.json()["accuracy"] == 1.0 and predictions[0].status_code == 200


def test_an_evaluation_that_gets_no_turn_says_so_in_the_stream(make_client):
    client = make_client(max_rows_in_flight=64, default_timeout_ms=30)

    async def both():
        filling = asyncio.create_task(
            client.http.post("/predict", **raw(np.repeat(PIXELS, 20, axis=0), **{"x-timeout-ms": "60000"}))
        )
        await computing(client)
        body = {"instances": np.repeat(PIXELS, 5, axis=0).tolist(), "labels": [0] * 15}
        response = await client.http.post("/evaluate", json=body, headers={"accept": "application/x-ndjson"})
        return response, await filling

    response, filling = client.run(both())
    assert filling.status_code == 200
    assert json.loads(response.text.splitlines()[-1])["error"]["code"] == "overloaded"


def test_stopping_says_not_ready_and_finishes_what_it_has(client):
    async def main():
        slow = asyncio.create_task(client.http.post("/predict", **raw(np.repeat(PIXELS, 10, axis=0))))
        await computing(client)
        client.parts.lifecycle.stopping = True
        return await client.http.get("/health/ready"), await slow

    ready, slow = client.run(main())
    assert (ready.status_code, ready.json()["reason"]) == (503, "the server is stopping")
    assert slow.status_code == 200
