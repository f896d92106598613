"""A connection: uvicorn's, with a way past ASGI for the commonest request of all.

A prediction that comes as one plain request on a free connection is answered from the callbacks of the
connection: no scope, no task, no messages, one write. For one small image those cost as much as the
prediction itself. Whatever is less plain (pipelined, chunked, HTTP/1.0, ``Expect``, or refused
before its body) goes to the application, which answers the same by `service.lane`.
"""

import asyncio
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import http_errors
from service.batching import Batcher, Entry, Rows
from service.dialects import native
from service.errors import ModelFailure, ServingError
from service.http_types import Headers, Response, request_id_of
from service.predictor import Asked, Predictor, Ready

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}


class Exchange:
    """One request and its answer; to uvicorn, which closes idle connections and waits for others, a cycle."""

    message_event = asyncio.Event()  # nobody waits for it
    disconnected = False

    def __init__(self, asked: Asked, headers: Headers) -> None:
        self.asked = asked
        self.request_id = request_id_of(headers)
        self.chunks: list[bytes] = []
        self.decoding: asyncio.Task[None] | None = None
        self.batcher: Batcher | None = None
        self.entry: Entry | None = None
        self.keep_alive = True
        self.response_complete = False

    def leave(self) -> None:
        """Drop what is under way: there is nobody to answer."""
        if self.decoding is not None:
            self.decoding.cancel()
        if self.batcher is not None and self.entry is not None:
            self.batcher.leave(self.entry)


class Protocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, predictor: Predictor, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._predictor = predictor
        self._exchange: Exchange | None = None

    def on_message_begin(self) -> None:
        """Start a request; its scope is made when it is known that the application is to answer."""
        self.url = b""
        self.headers = []
        self._exchange = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Decide who answers."""
        asked = self._asked()
        if asked is None:
            self._hand_on()
        else:
            self._exchange = asked
            self.cycle = asked  # type: ignore[assignment]

    def _asked(self) -> Exchange | None:
        route = _route(self.url)
        free = self.cycle is None or self.cycle.response_complete
        if route is None or not free or self.parser.get_method() != b"POST":
            return None
        headers = dict(self.headers)
        length = headers.get(b"content-length", b"")
        plain = (
            self.parser.should_keep_alive() and not self.parser.should_upgrade() and b"expect" not in headers
        )
        if not plain or not length.isdigit() or int(length) > self._predictor.max_body_bytes:
            return None
        try:
            return Exchange(self._predictor.ask(*route, headers), headers)
        except Exception:
            return None  # refused: the application says why

    def _hand_on(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._exchange is None:
            super().on_body(body)
        else:
            self._exchange.chunks.append(body)

    def on_message_complete(self) -> None:
        """Begin the prediction: the request is complete."""
        exchange = self._exchange
        if exchange is None:
            super().on_message_complete()
            return
        chunks = exchange.chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        if self._predictor.is_quick(exchange.asked, body):
            try:
                self._admit(exchange, self._predictor.decode(exchange.asked, body))
            except Exception as error:
                self._fail(exchange, error)
        else:
            exchange.decoding = task = self.loop.create_task(self._decode_in_thread(exchange, body))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what the client that left has asked for."""
        if self._exchange is not None:
            self._exchange.leave()
        super().connection_lost(exc)

    async def _decode_in_thread(self, exchange: Exchange, body: bytes) -> None:
        try:
            self._admit(exchange, await self._predictor.decode_in_thread(exchange.asked, body))
        except Exception as error:
            self._fail(exchange, error)

    def _admit(self, exchange: Exchange, ready: Ready) -> None:
        def done(outputs: Rows | None, error: ServingError | None) -> None:
            if outputs is None:
                self._fail(exchange, error or ModelFailure("the model gave no outputs"))
                return
            try:
                self._write(exchange, ready.respond(outputs))
            except Exception as unforeseen:
                self._fail(exchange, unforeseen)

        exchange.batcher = ready.batcher
        exchange.entry = ready.batcher.admit(ready.rows, ready.deadline, done)

    def _fail(self, exchange: Exchange, error: Exception) -> None:
        self._write(exchange, http_errors.from_error(error, exchange.request_id))

    def _write(self, exchange: Exchange, response: Response) -> None:
        exchange.response_complete = True
        if self.transport.is_closing():
            return
        status, body, content_type, more = response
        parts = [_STATUS_LINES[status]]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        for key, text in more.items():
            parts.append(f"{key}: {text}\r\n".encode())
        if not exchange.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(
            b"content-type: %b\r\ncontent-length: %d\r\nx-request-id: %b\r\n\r\n"
            % (content_type.encode(), len(body), exchange.request_id.encode())
        )
        parts.append(body)
        self.transport.write(b"".join(parts))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()


@lru_cache(maxsize=1024)
def _route(url: bytes) -> tuple[native.Target, bytes] | None:
    """Return what a URL as sent asks for, with its query; None where it is no plain predict path."""
    path, _, query = url.partition(b"?")
    target = None if b"%" in path or not path.isascii() else native.match(path.decode())
    return None if target is None else (target, query)
