"""A connection: uvicorn's, with a way past ASGI for the commonest request of all.

A prediction that comes as one plain request on a free connection is answered from the callbacks of the
connection: no scope, no task, no messages, one write. For one small image those cost as much as the
prediction itself. Whatever is less plain (pipelined, chunked, HTTP/1.0, ``Expect``, or refused
before its body) goes to the application, which answers the same by `service.lane`.
"""

import asyncio
import time
from collections.abc import Coroutine
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import compression, http_errors
from service.dialects.port import Target
from service.errors import HeadTooLarge, ModelFailure, ServingError, SlowSender
from service.http_types import ClientGone, Headers, Response, request_id_of
from service.pending import Entry
from service.predictor import Asked, Predictor, Ready
from service.repository.registry import ServedVersion
from service.request_head import RequestHead
from service.request_timer import RequestTimer
from service.rows import Rows

_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Exchange:
    """One request and its answer; to uvicorn, which closes idle connections and waits for others, a cycle."""

    message_event = asyncio.Event()  # nobody waits for it
    disconnected = False

    def __init__(self, asked: Asked, headers: Headers) -> None:
        self.asked = asked
        self.headers = headers
        self.request_id = request_id_of(headers)
        self.began = self.read_at = time.monotonic()  # the body may come later
        self.chunks: list[bytes] = []
        self.task: asyncio.Task[None] | None = None
        self.served: ServedVersion | None = None
        self.entry: Entry | None = None
        self.keep_alive = True
        self.response_complete = False

    def leave(self) -> None:
        """Drop what is under way: there is nobody to answer."""
        self.response_complete = True
        self.chunks.clear()
        if self.task is not None:
            self.task.cancel()
        if self.served is not None and self.entry is not None:
            self.served.batcher.leave(self.entry)


class HeadLimits(NamedTuple):
    """What the head of a request may hold, and how long the whole of it may take to come."""

    headers: int
    head_bytes: int
    read_timeout_s: float


class Protocol(HttpToolsProtocol):
    """One connection of a client."""

    def __init__(self, predictor: Predictor, past_asgi: bool, limits: HeadLimits, **uvicorn: Any) -> None:
        """Serve a connection.

        Args:
            predictor: answers plain predictions.
            past_asgi: whether it may; False where all must pass through the application.
            limits: of a request's head, and of its time.
            uvicorn: for its own protocol.
        """
        super().__init__(**uvicorn)
        self._predictor = predictor
        self._past_asgi = past_asgi
        self._timer = RequestTimer(self.loop, limits.read_timeout_s, self._too_late)
        self._limits = limits
        self._in_head = False
        self._head_bytes = self._unended_bytes = 0
        self._exchange: Exchange | None = None  # what is being read
        self._answering: Exchange | None = None  # what has no answer yet
        # The head of the last exchange, which the next mostly repeats; None while it may not be used.
        self._known: RequestHead | None = None
        self._between_requests = True
        self._begun = 0  # requests, in the piece that is being parsed
        self._missing_bytes = 0  # of a body that comes past the parser
        self._answered_at = 0.0
        self._refused = False

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_free(self) -> bool:
        """Whether an exchange may begin. A client that reads no answers is left to ASGI, which waits."""
        return self._is_idle and not self.flow.write_paused

    # What the transport calls

    def connection_made(self, transport: Any) -> None:
        """Begin; the first request must come soon."""
        super().connection_made(transport)
        self._timer.watch(True)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._receive(data)
        self._timer.watch(self._is_incomplete)

    @property
    def _is_incomplete(self) -> bool:
        """Whether a part of a request came, and not yet all of it."""
        return not self._refused and (self._missing_bytes > 0 or not self._between_requests)

    def _receive(self, data: bytes) -> None:
        """Parse, but for a request like the last one: its head is known, and its body needs no parsing."""
        if self._missing_bytes:
            assert self._exchange is not None
            self._exchange.read_at = time.monotonic()
            self._collect(data)
            return
        if self._refused:
            return
        at_start = self._between_requests and self._is_free
        known = self._known
        if at_start and known is not None:
            found = known.begins(data)
            if found is not None and found[0] <= self._predictor.max_body_bytes:
                self._begin(Exchange(known.asked, known.headers))
                self._missing_bytes, start = found
                self._collect(data[start:])
                return
        self._begun = 0
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            # The parser keeps a header that does not end, without a word of it.
            self._unended_bytes += len(data)
            self._check_head()
        # Of several requests in one piece, the head would be the first one's and the exchange the last one's.
        if at_start and self._exchange is not None and self._begun == 1:
            self._known = RequestHead.of(data, self._exchange.asked, self._exchange.headers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what the client that left has asked for."""
        if self._answering is not None:
            self._answering.leave()
            self._count_failure(self._answering, ClientGone())
        super().connection_lost(exc)
        self._timer.watch(False)
        self._unset_keepalive_if_required()  # uvicorn leaves the timer set after a reset

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is idle; one that was busy since the timer was set is looked at again."""
        rest_s = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._is_idle and rest_s <= 0:
            super().timeout_keep_alive_handler()
        else:
            rest_s = rest_s if self._is_idle else self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(rest_s, self.timeout_keep_alive_handler)

    def _too_late(self) -> None:
        """End a connection whose request does not become complete; one without any gets no answer."""
        if self.transport.is_closing():
            return
        reading = self._exchange if self._exchange is self._answering else None
        earlier = not self._is_idle and reading is None and not getattr(self.cycle, "more_body", False)
        if self.flow.read_paused or earlier:  # it is we who are late, with what came before
            self._timer.watch(True)
            return
        error = SlowSender(f"a request must be complete {self._timer.limit_s:g} s after it began")
        incomplete = self._is_incomplete
        self._refused, self._missing_bytes = True, 0
        if reading is not None:
            reading.keep_alive = False
            self._fail(reading, error)
        elif not incomplete or (not self._is_idle and self.cycle.response_started):
            self.transport.close()
        else:
            request_id = request_id_of({})
            self._write_last(http_errors.from_error(error, request_id), request_id)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Start a request; its scope is made when it is known that the application is to answer."""
        self.url = b""
        self.headers = []
        self._exchange = None
        self._between_requests = False
        self._begun += 1
        self._in_head, self._head_bytes, self._unended_bytes = True, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        if not self._refused:
            self.headers.append((name.lower(), value))
            self._head_bytes += len(name) + len(value)
            self._check_head()

    def _check_head(self) -> None:
        """Refuse a head that is too large."""
        most, largest = self._limits, max(self._head_bytes, self._unended_bytes)
        if self._refused or (len(self.headers) <= most.headers and largest <= most.head_bytes):
            return
        self._refused, self._in_head = True, False
        error = HeadTooLarge(
            f"a request may have {most.headers} headers, and {most.head_bytes} bytes of them"
        )
        request_id = request_id_of({})
        self._write_last(http_errors.from_error(error, request_id), request_id)

    def on_headers_complete(self) -> None:
        """Decide who answers.

        The parser takes a request that asks for another protocol to have no body: what follows would be
        parsed as the next request, which lets one be smuggled in.
        """
        self._in_head = False
        if self._refused:
            return
        if self.parser.should_upgrade() and any(name in _BODY_HEADERS for name, _ in self.headers):
            self._refused = True
            self.send_400_response("A request with a body may not ask for another protocol.")
            return
        exchange = self._plain_prediction()
        if exchange is None:
            self._hand_on()
        else:
            self._begin(exchange)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._refused:
            return
        if self._exchange is None:
            super().on_body(body)
        else:
            self._exchange.chunks.append(body)

    def on_message_complete(self) -> None:
        """Begin the prediction: the request is complete."""
        self._between_requests = True
        if self._refused:
            return
        if self._exchange is None:
            super().on_message_complete()
        else:
            self._exchange.read_at = time.monotonic()
            self._complete(self._exchange)

    def _plain_prediction(self) -> Exchange | None:
        route = self._route(self.url)
        if route is None or not self._is_free or self.parser.get_method() != b"POST":
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

    def _hand_on(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    # The life of an exchange

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = self._answering = exchange
        self.cycle = exchange  # type: ignore[assignment]

    def _collect(self, data: bytes) -> None:
        """Keep a piece of a body that comes past the parser; what follows the body is for the parser."""
        exchange = self._exchange
        assert exchange is not None
        rest = data[self._missing_bytes :]
        exchange.chunks.append(data[: self._missing_bytes] if rest else data)
        self._missing_bytes -= len(exchange.chunks[-1])
        if not self._missing_bytes:
            self._complete(exchange)
            if rest:
                super().data_received(rest)

    def _complete(self, exchange: Exchange) -> None:
        """Decode and admit: the body is there."""
        body = b"".join(exchange.chunks)
        exchange.chunks.clear()
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
                served.counts.answered(entry, exchange.read_at, time.monotonic())
                self._send(exchange, response)
            except Exception as unforeseen:
                self._fail(exchange, unforeseen)

        exchange.served = served = ready.served
        deadline = exchange.began + ready.timeout_s
        exchange.entry = served.batcher.admit(ready.rows, deadline, done, ready.question.priority)

    def _send(self, exchange: Exchange, response: Response) -> None:
        """Write an answer, compressed where the client asked for it: a large one in a thread."""
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
            self._write_whole(response, exchange.request_id)
        else:
            self._write_last(response, exchange.request_id)
        if self.pipeline or self.transport.is_closing():
            self.on_response_complete()
        else:
            self._stay()

    def _write_whole(self, response: Response, request_id: str, last: bytes = b"") -> None:
        status, body, content_type, more = response
        head = [_head(status, content_type, tuple(self.server_state.default_headers))]
        if more:
            head += [f"{name}: {value}\r\n".encode() for name, value in more.items()]
        head.append(last)
        head.append(b"content-length: %d\r\nx-request-id: %b\r\n\r\n" % (len(body), request_id.encode()))
        head.append(body)
        self.transport.write(b"".join(head))

    def _write_last(self, response: Response, request_id: str) -> None:
        self._write_whole(response, request_id, b"connection: close\r\n")
        self.transport.close()

    def _stay(self) -> None:
        """Wait for the next request. One timer serves many: to set and cancel one for each costs more."""
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )


@lru_cache(maxsize=64)
def _head(status: int, content_type: str, defaults: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return the status line and the headers that many answers share; the defaults hold the date."""
    lines = [b"%b: %b\r\n" % header for header in defaults]
    first = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {content_type}\r\n"
    return first.encode() + b"".join(lines)
