"""`/metrics`: known requests give known samples, whatever they asked and however they failed."""

import json
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from operating import make_key
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from modiste.artifact import SUMMARY, Parity, Summary
from service.prometheus.table import METRICS
from tests.http.sockets import Running
from tests.http.watching import until
from tests.models import expected, write_version

PIXELS = np.random.default_rng(3).integers(0, 256, (40, 28, 28), np.uint8)
RAW = {"content-type": "application/octet-stream"}
VERSION = {"model": "fashion_mnist", "version": "1"}
OIP = {"inputs": [{"name": "pixels", "shape": [2, 28, 28], "datatype": "FP32", "data": [0.0] * 1568}]}


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str, parse=text_string_to_metric_families) -> None:
        self.text = text
        self.families = {family.name: family for family in parse(text)}
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float | None:
        return self._samples.get((name, frozenset(labels.items())))

    def all_of(self, name: str) -> dict[tuple[str, ...], float]:
        """The samples of a name, by the values of their labels in the order of the table."""
        (metric,) = [one for one in METRICS if one.name == name.removesuffix("_total").removesuffix("_count")]
        return {
            tuple(dict(labels)[label] for label in metric.labels): value
            for (found, labels), value in self._samples.items()
            if found == name
        }


def scrape(client, **headers: str) -> Scrape:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200, response.text
    return Scrape(response.text)


@pytest.fixture
def running(settings) -> Iterator[Running]:
    server = Running(settings.model_copy(update={"read_timeout_ms": 500}))
    yield server
    server.stop()


def scraped(running: Running) -> Scrape:
    with running.connect() as client:
        status, headers, body = client.send("GET /metrics HTTP/1.1").answer()
    assert status == 200 and headers["content-type"].startswith("text/plain; version=")
    return Scrape(body.decode())


@pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "through ASGI"])
def test_answers_are_counted_by_protocol_with_their_times(running, chunked):
    asked = [
        ("POST /predict HTTP/1.1\ncontent-type: application/octet-stream", PIXELS[:2].tobytes()),
        ("POST /predict HTTP/1.1\ncontent-type: application/octet-stream", PIXELS[:1].tobytes()),
        (
            "POST /v1/models/fashion_mnist:predict HTTP/1.1",
            json.dumps({"instances": PIXELS[:3].tolist()}).encode(),
        ),
        ("POST /v2/models/fashion_mnist/infer HTTP/1.1", json.dumps(OIP).encode()),
    ]
    with running.connect() as client:
        for head, body in asked:
            assert client.send(head, body, chunked=chunked).answer()[0] == 200
    found = scraped(running)
    for protocol, requests, rows in [
        ("modiste", 2, 3),
        ("tensorflow_serving", 1, 3),
        ("open_inference", 1, 2),
    ]:
        labels = {"protocol": protocol, **VERSION}
        assert found("modiste_request_duration_seconds_count", **labels, outcome="ok") == requests
        assert found("modiste_request_duration_seconds_bucket", **labels, outcome="ok", le="+Inf") == requests
        assert found("modiste_request_queue_seconds_count", **labels) == requests
        assert found("modiste_request_compute_seconds_count", **labels) == requests
        assert found("modiste_request_rows_total", **labels) == rows
        parts = ("request_decode_seconds_total", "request_queue_seconds_sum")
        parts += ("request_compute_seconds_sum", "request_encode_seconds_total")
        spent = sum(found(f"modiste_{part}", **labels) for part in parts)
        assert spent == pytest.approx(
            found("modiste_request_duration_seconds_sum", **labels, outcome="ok"), abs=1e-8
        )
    assert found("modiste_batch_rows_sum", **VERSION) == 8
    assert found("modiste_batch_rows_bucket", **VERSION, le="1.0") == 1
    assert found("modiste_batch_rows_bucket", **VERSION, le="2.0") == 3
    assert found("modiste_batch_duration_seconds_count", **VERSION) == 4
    assert found("modiste_rows_in_flight", **VERSION) == 0
    assert found("modiste_last_batch_timestamp_seconds", **VERSION) > 1e9
    assert found.all_of("modiste_requests_refused_total") == {}


SECRET = "a-word-of-the-client"
PREDICT = "POST /predict HTTP/1.1\ncontent-type: application/octet-stream"


@pytest.mark.parametrize(
    ("head", "body", "protocol", "reason"),
    [
        (f"POST /models/{SECRET}/predict HTTP/1.1", b"{}", "modiste", "model_not_found"),
        ("POST /models/fashion_mnist/versions/7/predict HTTP/1.1", b"{}", "modiste", "model_not_found"),
        (f"POST /models/fashion_mnist/labels/{SECRET}/predict HTTP/1.1", b"{}", "modiste", "label_not_found"),
        (f"POST /models/fashion_mnist/versions/{SECRET}/predict HTTP/1.1", b"{}", "modiste", "invalid_input"),
        (f"POST /v1/models/{SECRET}:predict HTTP/1.1", b"{}", "tensorflow_serving", "model_not_found"),
        (f"POST /v2/models/{SECRET}/infer HTTP/1.1", b"{}", "open_inference", "model_not_found"),
        ("PUT /predict HTTP/1.1", b"{}", "modiste", "method_not_allowed"),
        ("DELETE /v2/models/fashion_mnist/infer HTTP/1.1", b"", "open_inference", "method_not_allowed"),
        (f"GET /{SECRET} HTTP/1.1", b"", "modiste", "not_found"),
        (f"GET /v2/{SECRET} HTTP/1.1", b"", "open_inference", "not_found"),
        ("POST /models/fashion_mnist/load HTTP/1.1", b"", "modiste", "forbidden"),
        ("POST /evaluate HTTP/1.1\ncontent-type: text/plain", b"x", "modiste", "unsupported_media_type"),
        ("POST /evaluate HTTP/1.1", b"{", "modiste", "malformed_body"),
        (f"GET /health/live HTTP/1.1\nx-large: {SECRET * 5000}", b"", "http", "head_too_large"),
        (f"{SECRET} / HTTP/1.1", b"", "http", "malformed_request"),
    ],
)
def test_what_reaches_no_version_is_counted_by_its_reason_alone(running, head, body, protocol, reason):
    with running.connect() as client:
        assert client.send(head, body).answer()[0] >= 400
    found = scraped(running)
    assert found.all_of("modiste_requests_refused_total") == {(protocol, reason): 1}
    assert found.all_of("modiste_request_duration_seconds_count") == {}
    assert SECRET not in found.text


@pytest.mark.parametrize(
    ("head", "body", "reason"),
    [
        (PREDICT, b"short", "invalid_input"),
        ("POST /predict HTTP/1.1", b"{", "malformed_body"),
        ("POST /predict HTTP/1.1\ncontent-type: text/plain", b"x", "unsupported_media_type"),
        (PREDICT, bytes(784 * 65), "too_large"),
        (f"{PREDICT}\nx-timeout-ms: {SECRET}", bytes(784), "invalid_input"),
    ],
)
def test_what_a_version_refuses_is_an_outcome_of_that_version(running, head, body, reason):
    with running.connect() as client:
        assert client.send(head, body).answer()[0] >= 400
    found = scraped(running)
    counted = {
        labels[-1]: value
        for labels, value in found.all_of("modiste_request_duration_seconds_count").items()
        if value
    }
    assert counted == {reason: 1}
    assert found.all_of("modiste_requests_refused_total") == {} and SECRET not in found.text


def test_a_slow_sender_is_counted_once_whether_or_not_its_head_came(running):
    with running.connect() as half_a_head, running.connect() as half_a_body:
        half_a_head.socket.sendall(b"GET /health/li")
        half_a_body.socket.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 784\r\n\r\nabc")
        assert half_a_head.answer()[0] == half_a_body.answer()[0] == 408
    found = scraped(running)
    assert found.all_of("modiste_requests_refused_total") == {("http", "request_timeout"): 1}
    labels = {"protocol": "modiste", **VERSION, "outcome": "request_timeout"}
    assert found("modiste_request_duration_seconds_count", **labels) == 1


def test_states_swaps_and_labels_follow_what_happens(make_client, artifacts, tmp_path):
    admin = make_key(tmp_path / "keys.json", "operator", "admin")
    client = make_client(keys_file=tmp_path / "keys.json")
    label = "/models/fashion_mnist/labels/stable"
    assert client.request("PUT", label, json={"version": 1}, headers=admin).status_code == 200
    before = scrape(client)
    assert before("modiste_version_state", **VERSION, state="ready") == 1
    assert before("modiste_version_state", **VERSION, state="failed") == 0
    assert before("modiste_version_info", **VERSION, engine="onnx", format="keras") == 1
    assert before("modiste_newest_version", model="fashion_mnist") == 1
    assert set(before.all_of("modiste_swaps_total").values()) == {0}
    write_version(artifacts / "fashion_mnist" / "2", seed=2)
    broken = write_version(artifacts / "fashion_mnist" / "3", seed=3)
    (broken / SUMMARY).write_text("{")
    until(client, lambda: scrape(client)("modiste_newest_version", model="fashion_mnist") == 2)
    assert client.request("PUT", label, json={"version": 2}, headers=admin).status_code == 200

    def failed() -> bool:
        found = scrape(client)
        return found("modiste_version_state", model="fashion_mnist", version="3", state="failed") == 1

    until(client, failed)
    after = scrape(client)
    assert after("modiste_label_version", model="fashion_mnist", label="stable") == 2
    assert after.all_of("modiste_swaps_total") == {
        ("fashion_mnist", "newest"): 1,
        ("fashion_mnist", "label"): 1,
    }


def test_parity_with_keras_is_told_where_it_was_measured(make_client, artifacts):
    path = artifacts / "fashion_mnist" / "1" / SUMMARY
    parity = Parity(rows=64, max_abs_difference=2.5e-7, tolerance=1e-5)
    Summary.read(path).model_copy(update={"parity": parity}).write(path)
    write_version(artifacts / "other" / "1")
    found = scrape(make_client())
    assert found.all_of("modiste_version_parity_error") == {("fashion_mnist", "1"): 2.5e-7}
    assert found.all_of("modiste_version_parity_tolerance") == {("fashion_mnist", "1"): 1e-5}


def test_evaluations_are_counted_by_how_they_ended(client):
    rows = {"instances": PIXELS.tolist(), "labels": expected(PIXELS).argmax(axis=1).tolist()}
    assert scrape(client)("modiste_evaluation_duration_seconds_count", **VERSION, outcome="ok") == 0
    for headers in ({}, {"accept": "application/x-ndjson"}):
        assert client.post("/evaluate", json=rows, headers=headers).status_code == 200
    found = scrape(client)
    assert found("modiste_evaluation_duration_seconds_count", **VERSION, outcome="ok") == 2
    assert found("modiste_evaluation_duration_seconds_sum", **VERSION, outcome="ok") > 0
    assert found("modiste_evaluation_rows_total", **VERSION) == 80
    client.run(client.parts.registry.get().batcher.stop(0))
    assert client.post("/evaluate", json=rows).status_code == 503
    ended = scrape(client)
    assert ended("modiste_evaluation_duration_seconds_count", **VERSION, outcome="shutting_down") == 1


def test_the_process_is_told_of(client):
    found = scrape(client)
    assert found("modiste_workers") == 1
    assert found("modiste_worker_resident_memory_bytes", worker="0") > 10_000_000
    assert found("modiste_worker_cpu_seconds_total", worker="0") > 0
    assert found("modiste_worker_open_fds", worker="0") > 3
    assert found("modiste_worker_threads", worker="0") >= 1
    assert found("modiste_worker_start_time_seconds", worker="0") > 1e9


def test_every_metric_of_the_table_is_exposed_with_its_kind_labels_and_help_and_no_other(client):
    families = scrape(client).families
    assert set(families) == {metric.name + ("_info" if metric.kind == "info" else "") for metric in METRICS}
    for metric in METRICS:
        family = families[metric.name + ("_info" if metric.kind == "info" else "")]
        assert family.type == ("gauge" if metric.kind == "info" else metric.kind)
        assert family.documentation == metric.help
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), metric.name


def test_it_is_openmetrics_where_that_is_asked_for(client):
    client.post("/predict", content=PIXELS[:2].tobytes(), headers=RAW)
    response = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    found = Scrape(response.text, openmetrics.text_string_to_metric_families)
    assert found.families["modiste_version"].type == "info"
    assert found("modiste_batch_rows_count", **VERSION) == 1


def test_it_needs_a_key_as_soon_as_one_has_the_scope(make_client, tmp_path):
    file = tmp_path / "keys.json"
    other = make_key(file, "client", "predict", "evaluate", "admin")
    assert make_client(keys_file=file).get("/metrics").status_code == 200
    scraper = make_key(file, "prometheus", "metrics")
    client = make_client(keys_file=file)
    statuses = [client.get("/metrics", headers=headers).status_code for headers in ({}, other, scraper)]
    assert statuses == [401, 403, 200]
    assert (
        client.post("/predict", content=PIXELS[:1].tobytes(), headers={**RAW, **scraper}).status_code == 403
    )


def test_it_is_documented(client: httpx.Client):
    operation = client.get("/openapi.json").json()["paths"]["/metrics"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {"text/plain"}
