"""Traces by OpenTelemetry: a span for each request, and for a prediction one for each of its parts.

The spans are made when a request has ended, from the times that are noted anyway, so that nothing of
OpenTelemetry is in its way. Where they go, and which are kept, the variables ``OTEL_*`` say, which the
library reads itself. Imported only where traces are turned on: it needs the extra ``otel``.
"""

import threading
import time

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from modiste import __version__
from service.http_types import Headers
from service.observing import Ended, Prediction

_CLOSING_S = 3.0
_CARRIED = ("traceparent", "tracestate")
_ENTRY_TIMES = ("admitted_at", "taken_at", "computed_at")
_PARTS = ("decode", "queue", "compute", "encode")


class Tracing:
    """An observer that makes spans; see `service.observing.Observer`."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """Begin to trace; `exporter` in place of OTLP over HTTP."""
        ours = Resource({SERVICE_NAME: "modiste", SERVICE_VERSION: __version__})
        # Not the process's global one: libraries beside us would trace themselves with it.
        self._provider = TracerProvider(
            resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("modiste", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def ended(self, request: Ended) -> None:
        """Make the spans of a request that ended."""
        since_1970 = time.time_ns() - round(time.monotonic() * 1e9)
        prediction = request.prediction
        name = "request" if prediction is None else "predict"
        span = self._tracer.start_span(
            name,
            context=self._parent(request.headers),
            kind=SpanKind.SERVER,
            attributes=_attributes(request),
            start_time=_ns(request.began_at, since_1970),
        )
        if not span.is_recording():
            return
        if request.status is None or request.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        if prediction is not None:
            _add_parts(self._tracer, set_span_in_context(span), prediction, request.ended_at, since_1970)
        span.end(_ns(request.ended_at, since_1970))

    def close(self) -> None:
        """Export what is left, and give up where that takes too long: a collector may be away."""
        closing = threading.Thread(target=self._provider.shutdown, name="last traces", daemon=True)
        closing.start()
        closing.join(_CLOSING_S)

    def _parent(self, headers: Headers) -> Context:
        carrier = {name: headers.get(name.encode(), b"").decode("latin-1") for name in _CARRIED}
        return self._propagator.extract({name: value for name, value in carrier.items() if value}, Context())


def _attributes(request: Ended) -> dict[str, str | int]:
    found: dict[str, str | int] = {"modiste.request_id": request.request_id}
    if request.method:
        found |= {"http.request.method": request.method, "url.path": request.path[:256]}
    if request.status is not None:
        found["http.response.status_code"] = request.status
    prediction = request.prediction
    if prediction is not None:
        found["modiste.protocol"] = prediction.protocol
        if prediction.served is not None:
            found |= {"modiste.model": prediction.served.model, "modiste.version": prediction.served.version}
        if prediction.entry is not None:
            found["modiste.rows"] = len(prediction.entry.rows)
    return found


def _add_parts(
    tracer: Tracer, inside: Context, prediction: Prediction, ended_at: float, since_1970: int
) -> None:
    """Add a span for each part of a prediction that was begun; the last one began ends with the request."""
    times = [prediction.read_at]
    for name in _ENTRY_TIMES:
        at = getattr(prediction.entry, name, None)
        if at is None:
            break
        times.append(at)
    for name, start, end in zip(_PARTS, times, [*times[1:], ended_at], strict=False):
        part = tracer.start_span(name, context=inside, start_time=_ns(start, since_1970))
        part.end(_ns(end, since_1970))


def _ns(at: float, since_1970: int) -> int:
    return round(at * 1e9) + since_1970
