"""Traces: a span for each request, sent by OpenTelemetry's own exporter to a collector in this process."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.http.sockets import Running
from tests.models import write_version

ROOT = Path(__file__).parents[2]
PIXELS = np.full((3, 28, 28), 137, np.uint8)
PREDICT = "POST /predict?top_k=1 HTTP/1.1\ncontent-type: application/octet-stream"
PARTS = ["decode", "queue", "compute", "encode"]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OK, ERROR = 0, 2


class Collector:
    """Listens as a collector of OpenTelemetry does."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def spans(self) -> list:
        """All spans, in the order of their starts; of one start the outer one first."""
        found = [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))

    def of_kind(self, server: bool) -> list:
        return [span for span in self.spans if (span.kind == span.SPAN_KIND_SERVER) is server]


def attributes(span) -> dict[str, str | int]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@pytest.fixture
def collector(monkeypatch) -> Iterator[Collector]:
    listening = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listening.url)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    yield listening
    listening.stop()


@pytest.mark.parametrize("chunked", [False, True], ids=["past ASGI", "through ASGI"])
def test_a_prediction_is_a_span_with_its_parts_in_the_trace_of_the_client(settings, collector, chunked):
    running = Running(settings.model_copy(update={"traces": True}))
    head = f"{PREDICT}\ntraceparent: 00-{TRACE}-{PARENT}-01\nx-request-id: mine\nauthorization: Bearer secret"
    with running.connect() as client:
        assert client.send(head, PIXELS.tobytes(), chunked=chunked).answer()[0] == 200
    running.stop()
    (span,) = collector.of_kind(server=True)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.name == "predict" and span.status.code == OK
    assert attributes(span) == {
        "modiste.request_id": "mine",
        "http.request.method": "POST",
        "url.path": "/predict",
        "http.response.status_code": 200,
        "modiste.protocol": "modiste",
        "modiste.model": "fashion_mnist",
        "modiste.version": 1,
        "modiste.rows": 3,
    }
    parts = collector.of_kind(server=False)
    assert [part.name for part in parts] == PARTS
    at = span.start_time_unix_nano
    for part in parts:
        assert part.parent_span_id == span.span_id and part.trace_id == span.trace_id
        assert at <= part.start_time_unix_nano <= part.end_time_unix_nano <= span.end_time_unix_nano
        at = part.end_time_unix_nano
    (resource,) = {str(one.resource) for request in collector.requests for one in request.resource_spans}
    assert '"modiste"' in resource and '"deployment.environment.name"' in resource
    assert "secret" not in str(collector.requests)


def test_what_fails_has_the_parts_that_it_came_to(settings, collector):
    write_version(settings.artifacts_dir / "fashion_mnist" / "1", slowness=60)
    running = Running(settings.model_copy(update={"traces": True}))
    with running.connect() as client:
        assert client.send(PREDICT, b"short").answer()[0] == 422
        assert client.send("GET /nowhere HTTP/1.1").answer()[0] == 404
        assert client.send(f"{PREDICT}\nx-timeout-ms: 1", PIXELS.tobytes() * 20).answer()[0] == 504
    running.stop()
    refused, nowhere, late = collector.of_kind(server=True)
    assert [attributes(one)["http.response.status_code"] for one in (refused, nowhere, late)] == [
        422,
        404,
        504,
    ]
    assert [one.status.code for one in (refused, nowhere, late)] == [OK, OK, ERROR]
    assert nowhere.name == "request" and "modiste.protocol" not in attributes(nowhere)
    names = {
        outer.span_id: [part.name for part in collector.spans if part.parent_span_id == outer.span_id]
        for outer in (refused, nowhere, late)
    }
    assert names[refused.span_id] == ["decode"] and names[nowhere.span_id] == []
    assert names[late.span_id][:2] == ["decode", "queue"] and "encode" not in names[late.span_id]


def test_what_is_no_http_is_a_span_too(settings, collector):
    running = Running(settings.model_copy(update={"traces": True}))
    with running.connect() as client:
        assert client.send("GARBAGE / HTTP/1.1").answer()[0] == 400
    running.stop()
    (span,) = collector.spans
    assert span.name == "request" and attributes(span)["http.response.status_code"] == 400
    assert "url.path" not in attributes(span)


def test_a_client_that_leaves_is_an_error_without_a_status(settings, collector):
    write_version(settings.artifacts_dir / "fashion_mnist" / "1", slowness=60)
    running = Running(settings.model_copy(update={"traces": True}))
    with running.connect() as client:
        client.send(PREDICT, PIXELS.tobytes())
        running.wait_for_rows(3)
    running.wait_for_rows(0)
    running.stop()
    (span,) = collector.of_kind(server=True)
    assert span.status.code == ERROR and "http.response.status_code" not in attributes(span)
    assert [part.name for part in collector.of_kind(server=False)][:2] == ["decode", "queue"]


def test_what_a_client_does_not_want_sampled_is_not_sent(settings, collector):
    running = Running(settings.model_copy(update={"traces": True}))
    with running.connect() as client:
        head = f"{PREDICT}\ntraceparent: 00-{TRACE}-{PARENT}-00"
        assert client.send(head, PIXELS.tobytes()).answer()[0] == 200
    running.stop()
    assert collector.spans == []


def test_a_collector_that_is_away_fails_no_request_and_no_stop(settings, collector):
    collector.stop()
    running = Running(settings.model_copy(update={"traces": True}))
    with running.connect() as client:
        assert client.send(PREDICT, PIXELS.tobytes()).answer()[0] == 200
    running.stop()


def test_without_the_setting_nothing_of_it_is_loaded(settings, collector):
    running = Running(settings)
    with running.connect() as client:
        assert client.send(PREDICT, PIXELS.tobytes()).answer()[0] == 200
    running.stop()
    assert collector.spans == []
    code = "import sys, service.server; print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_the_server_does_not_start_without_what_traces_need(tmp_path):
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; "
        "from modiste.__main__ import app; app(['serve', sys.argv[1]])"
    )
    environment = {**os.environ, "MODISTE_TRACES": "true"}
    found = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert found.returncode == 2
    assert "MODISTE_TRACES: traces need the extra otel: pip install 'modiste[otel]'" in found.stderr
