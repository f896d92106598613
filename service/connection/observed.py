"""A connection whose observers hear of the requests that go past ASGI; see `service.observing`."""

import time
from collections.abc import Sequence
from typing import Any

from service.connection.exchange import Exchange
from service.connection.limits import ConnectionLimits
from service.connection.protocol import Protocol
from service.http_types import Response
from service.observing import Ended, Observer, Prediction
from service.predictor import Predictor


class ObservedProtocol(Protocol):
    """One connection of a client."""

    def __init__(
        self,
        observers: Sequence[Observer],
        predictor: Predictor,
        past_asgi: bool,
        limits: ConnectionLimits,
        **uvicorn: Any,
    ) -> None:
        super().__init__(predictor, past_asgi, limits, **uvicorn)
        self._observers = observers
        self._asked_url = b""  # of what has no answer yet

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell of a client that left."""
        if self._answering is not None:
            self._tell(self._answering, None)
        super().connection_lost(exc)

    def _begin(self, exchange: Exchange) -> None:
        known = self._known
        if known is not None and exchange.headers is known.headers:
            self._asked_url = known.before.split(b" ", 2)[1]
        else:
            self._asked_url = self.url
        super()._begin(exchange)

    def _write(self, exchange: Exchange, response: Response) -> None:
        if not exchange.response_complete:  # or it was told, and failed in the writing
            self._tell(exchange, response.status)
        super()._write(exchange, response)

    def _turned_away(self, reason: str, status: int, request_id: str) -> None:
        super()._turned_away(reason, status, request_id)
        now = time.monotonic()
        self._hand_over(Ended("", "", status, request_id, {}, now, now))

    def _tell(self, exchange: Exchange, status: int | None) -> None:
        asked = exchange.asked
        name = asked.target.dialect.name
        self._hand_over(
            Ended(
                "POST",
                self._asked_url.partition(b"?")[0].decode("ascii"),
                status,
                exchange.request_id,
                exchange.headers,
                exchange.began,
                time.monotonic(),
                Prediction(name, exchange.served, exchange.entry, exchange.read_at),
            )
        )

    def _hand_over(self, request: Ended) -> None:
        for observer in self._observers:
            observer.ended(request)
