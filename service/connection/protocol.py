"""A connection with a way past ASGI for the commonest request of all.

A prediction that comes as one plain request on a free connection is answered from the callbacks of the
connection: no scope, no task, no messages, one write. For one small image those cost as much as the
prediction itself. Whatever is less plain (pipelined, chunked, HTTP/1.0, ``Expect``, or refused
before its body) goes to the application, which answers the same by `service.lane`.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from service import compression, timing
from service.connection.answer_bytes import encoded
from service.connection.bounded import BoundedHttp
from service.connection.exchange import Exchange
from service.connection.limits import ConnectionLimits
from service.connection.request_head import RequestHead
from service.dialects import names
from service.dialects.port import Target
from service.errors import ModelFailure, ServingError
from service.http_types import ClientGone, Response
from service.predictor import Predictor, Ready
from service.rows import Rows


class Protocol(BoundedHttp):
    """One connection of a client."""

    def __init__(
        self, predictor: Predictor, past_asgi: bool, limits: ConnectionLimits, **uvicorn: Any
    ) -> None:
        """Serve a connection.

        Args:
            predictor: answers plain predictions.
            past_asgi: whether it may; False where all must pass through the application.
            limits: of connections and heads, and of the time that they take.
            uvicorn: for its own protocol.
        """
        super().__init__(limits, **uvicorn)
        self._predictor = predictor
        self._past_asgi = past_asgi
        self._exchange: Exchange | None = None  # what is being read
        self._answering: Exchange | None = None  # what has no answer yet
        # The head of the last exchange, which the next mostly repeats; None while it may not be used.
        self._known: RequestHead | None = None
        self._begun = 0  # requests, in the piece that is being parsed
        self._missing_bytes = 0  # of a body that comes past the parser
        self._answered_at = 0.0

    @property
    def _is_free(self) -> bool:
        """Whether an exchange may begin. A client that reads no answers is left to ASGI, which waits."""
        return self._is_idle and not self.flow.write_paused

    # What the transport calls

    def data_received(self, data: bytes) -> None:
        """Take what came.

        Of a request like the last one the head is known, and its body needs no parsing. Where it came
        whole, nothing else need be known of the connection.
        """
        known = self._known
        if known is not None and self._between_requests and not self._refused and self._is_free:
            found = known.begins(data)
            if found is not None and found[0] <= self._predictor.max_body_bytes:
                data = self._take(Exchange(known.asked, known.headers), data, *found)
                if not data:
                    return
        super().data_received(data)

    def _parse(self, data: bytes) -> None:
        if self._missing_bytes:
            data = self._collect(data)
            if not data:
                return
        at_start = self._between_requests and self._is_free
        self._begun = 0
        super()._parse(data)
        # Of several requests in one piece, the head would be the first one's and the exchange the last one's.
        if at_start and self._exchange is not None and self._begun == 1:
            self._known = RequestHead.of(data, self._exchange.asked, self._exchange.headers)

    @property
    def _is_incomplete(self) -> bool:
        return self._missing_bytes > 0 or super()._is_incomplete

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what the client that left has asked for."""
        if self._answering is not None:
            self._answering.leave()
            self._count_failure(self._answering, ClientGone())
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is idle; one that was busy since the timer was set is looked at again."""
        rest_s = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._is_idle and rest_s <= 0:
            super().timeout_keep_alive_handler()
        else:
            rest_s = rest_s if self._is_idle else self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(rest_s, self.timeout_keep_alive_handler)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self._exchange = None
        self._begun += 1

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._exchange is None or self._refused:
            super().on_body(body)
        else:
            self._is_stuck = False
            self._exchange.chunks.append(body)

    def on_message_complete(self) -> None:
        """Begin the prediction: the request is complete."""
        if self._exchange is None or self._refused:
            super().on_message_complete()
        else:
            self._between_requests = True
            self._predict(self._exchange, self._exchange.body())

    def _head_complete(self) -> None:
        """Decide who answers."""
        exchange = self._plain_prediction()
        if exchange is None:
            super()._head_complete()
        else:
            exchange.chunks = []
            self._begin(exchange)

    def _plain_prediction(self) -> Exchange | None:
        route = self._route(self.url)
        if route is None or not self._is_free or self._is_surplus or self.parser.get_method() != b"POST":
            return None
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"")
        modern = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        plain = modern and not self.parser.should_upgrade() and b"expect" not in headers
        if not plain or not length.isdigit() or int(length) > self._predictor.max_body_bytes:
            return None
        try:
            asked = self._predictor.ask(*route, headers)
        except Exception:
            return None  # refused: the application says why
        return Exchange(asked, headers)

    def _route(self, url: bytes) -> tuple[Target, bytes] | None:
        """Return what a URL as sent asks for, with its query; None where it is no plain predict path."""
        path, _, query = url.partition(b"?")
        if not self._past_asgi or b"%" in path or not path.isascii():
            return None
        target = self._predictor.match(path.decode())
        return None if target is None else (target, query)

    # The life of an exchange

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = self._answering = exchange
        self.cycle = exchange  # type: ignore[assignment]

    def _take(self, exchange: Exchange, data: bytes, length: int, start: int) -> bytes:
        """Begin with a request whose head is known; return what follows it."""
        self._begin(exchange)
        end = start + length
        if end <= len(data):
            exchange.more_body = False
            self._predict(exchange, data[start:end])
            return data[end:]
        exchange.chunks = [data[start:]]
        self._missing_bytes = end - len(data)
        self._timer.watch(True)
        return b""

    def _collect(self, data: bytes) -> bytes:
        """Keep a piece of a body that comes past the parser; return what follows the body."""
        exchange = self._exchange
        assert exchange is not None
        rest = data[self._missing_bytes :]
        exchange.chunks.append(data[: self._missing_bytes] if rest else data)
        self._missing_bytes -= len(exchange.chunks[-1])
        if not self._missing_bytes:
            self._predict(exchange, exchange.body())
        return rest

    def _predict(self, exchange: Exchange, body: bytes) -> None:
        """Decode and admit: the body is there."""
        try:
            ready = self._predictor.decode(exchange.asked, body)
            if ready is not None:
                self._admit(exchange, ready)
        except Exception as error:
            self._fail(exchange, error)
            return
        if ready is None:
            self._in_task(exchange, self._decode_in_thread(exchange, body))

    async def _decode_in_thread(self, exchange: Exchange, body: bytes) -> None:
        try:
            self._admit(exchange, await self._predictor.decode_in_thread(exchange.asked, body))
        except Exception as error:
            self._fail(exchange, error)

    def _admit(self, exchange: Exchange, ready: Ready) -> None:
        def done(outputs: Rows | None, error: ServingError | None) -> None:
            entry = exchange.entry
            if outputs is None or entry is None:
                self._fail(exchange, error or ModelFailure("the model gave no outputs"))
                return
            try:
                response = ready.respond(outputs)
                counts, asked, encoded_at = ready.served.counts, exchange.asked, time.monotonic()
                counts.answered(asked.protocol, entry, exchange.read_at, encoded_at)
                if asked.timed:
                    response = timing.timed(response, entry, exchange.read_at, encoded_at)
                if exchange.asked.packing is not None:
                    self._compress(exchange, response)
                else:
                    self._write(exchange, response)
            except Exception as unforeseen:
                self._fail(exchange, unforeseen)

        served = exchange.served = ready.served
        deadline = exchange.began + ready.timeout_s
        exchange.entry = served.batcher.admit(ready.question.rows, deadline, done, ready.question.priority)

    def _compress(self, exchange: Exchange, response: Response) -> None:
        """Write an answer compressed, as the client asked for it: a large one in a thread."""
        packed = compression.compressed_quickly(response, exchange.asked.packing)
        if packed is not None:
            self._write(exchange, packed)
        else:
            self._in_task(exchange, self._compress_in_thread(exchange, response))

    async def _compress_in_thread(self, exchange: Exchange, response: Response) -> None:
        assert exchange.asked.packing is not None
        packed = await asyncio.to_thread(compression.compressed, response, exchange.asked.packing)
        self._write(exchange, packed)

    def _in_task(self, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
        exchange.task = task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _turned_away(self, reason: str, status: int, request_id: str) -> None:
        self._predictor.count_refusal(names.HTTP, reason)

    def _refuse(self, error: ServingError) -> None:
        reading = self._answering
        if reading is None or not reading.more_body:
            super()._refuse(error)
            return
        self._refused, self._missing_bytes, self._known = True, 0, None
        reading.keep_alive = False
        self._fail(reading, error)

    def _fail(self, exchange: Exchange, error: Exception) -> None:
        if not exchange.response_complete:  # or it was counted, and failed in the writing
            self._count_failure(exchange, error)
        self._write(exchange, exchange.asked.fail(error, exchange.request_id))

    def _count_failure(self, exchange: Exchange, error: Exception) -> None:
        seconds = time.monotonic() - exchange.read_at
        self._predictor.count_failure(exchange.asked.target, exchange.served, error, seconds)

    def _write(self, exchange: Exchange, response: Response) -> None:
        exchange.response_complete = True
        self._answering = None
        exchange.entry = None  # it holds what is to be done at its end, which holds the exchange
        if self.transport.is_closing():
            return
        if exchange.keep_alive:
            self.transport.write(encoded(response, exchange.request_id, self.server_state.default_headers))
        else:
            self._write_last(response, exchange.request_id)
        if self.pipeline or self._last_words is not None or self._ended:
            self.on_response_complete()
        else:
            self._stay()

    def _stay(self) -> None:
        """Wait for the next request. One timer serves many: to set and cancel one for each costs more."""
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
