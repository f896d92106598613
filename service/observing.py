"""The port to whoever wants to hear of every request when it has ended: the access log, and traces.

Where nobody does, none of it is in the way of a request: `service.app` composes `Observed` and
`service.server` takes `service.connection.observed` only where there is an observer.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from service.batching.entry import Entry
from service.http_types import App, Headers, Message, Receive, Scope, Send

PREDICTION = "modiste.prediction"
"""The key under which the scope of a prediction holds it, when it has ended."""


class Answerer(Protocol):
    """The version that a prediction asked."""

    @property
    def model(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> int: ...  # noqa: D102


class Prediction(NamedTuple):
    """A prediction, as far as it came.

    Attributes:
        protocol: its dialect's name.
        served: the version that it was decoded for; None where it did not come so far.
        entry: its rows, with their times; None where they were not admitted.
        read_at: when its body was complete, by the monotonic clock.
    """

    protocol: str
    served: Answerer | None
    entry: Entry | None
    read_at: float


class Ended(NamedTuple):
    """A request that ended, whoever answered it.

    Attributes:
        method: as sent; empty where it was refused before it was known.
        path: as sent, without the query; likewise.
        status: of the answer; None where the client left before it.
        request_id: its id.
        headers: of the request, which hold keys: not for a log.
        began_at: when its head was there, by the monotonic clock.
        ended_at: when its answer was handed over.
        prediction: what is known of a prediction; None of others.
    """

    method: str
    path: str
    status: int | None
    request_id: str
    headers: Headers
    began_at: float
    ended_at: float
    prediction: Prediction | None = None


class Observer(Protocol):
    """Hears of requests, in the event loop; it must be quick, and may not raise."""

    def ended(self, request: Ended) -> None:
        """Hear of one that ended."""
        ...

    def close(self) -> None:
        """Hand on what is kept; may block."""
        ...


class Observed:
    """An ASGI application, whose observers hear of every request."""

    def __init__(self, app: App, observers: Sequence[Observer]) -> None:
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell when it has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at = time.monotonic()
        status, request_id = None, ""

        async def send_noting(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = dict(message["headers"]).get(b"x-request-id", b"").decode("latin-1")
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            request = Ended(
                scope["method"],
                scope["path"],
                status,
                request_id,
                dict(scope["headers"]),
                began_at,
                time.monotonic(),
                scope.get(PREDICTION),
            )
            for observer in self._observers:
                observer.ended(request)
