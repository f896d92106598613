"""A connection of uvicorn's, with limits on the head of a request and on the time that the whole may take."""

from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import http_errors
from service.connection.answer_bytes import encoded
from service.connection.request_timer import RequestTimer
from service.errors import HeadTooLarge, ServingError, SlowSender
from service.http_types import Response, request_id_of

_NO_HTTP = "malformed_request"
_BODY_HEADERS = (b"content-length", b"transfer-encoding")


class HeadLimits(NamedTuple):
    """What the head of a request may hold, and how long the whole of it may take to come."""

    headers: int
    head_bytes: int
    read_timeout_s: float


class BoundedHttp(HttpToolsProtocol):
    """One connection of a client. What is refused here is answered at once, and ends the connection."""

    def __init__(self, limits: HeadLimits, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._limits = limits
        self._timer = RequestTimer(self.loop, limits.read_timeout_s, self._too_late)
        self._in_head = False
        self._head_bytes = self._unended_bytes = 0
        self._between_requests = True
        self._refused = False

    # What the transport calls

    def connection_made(self, transport: Any) -> None:
        """Begin; the first request must come soon."""
        super().connection_made(transport)
        self._timer.watch(True)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if not self._refused:
            self._parse(data)
        self._timer.watch(self._is_incomplete)

    def _parse(self, data: bytes) -> None:
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            # The parser keeps a header that does not end, without a word of it.
            self._unended_bytes += len(data)
            self._check_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._timer.watch(False)
        self._unset_keepalive_if_required()  # uvicorn leaves the timer set after a reset

    # What the parser calls

    def on_message_begin(self) -> None:
        """Start a request; its scope is made when it is known that the application is to answer."""
        self.url = b""
        self.headers = []
        self._between_requests = False
        self._in_head, self._head_bytes, self._unended_bytes = True, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        if not self._refused:
            self.headers.append((name.lower(), value))
            self._head_bytes += len(name) + len(value)
            self._check_head()

    def on_headers_complete(self) -> None:
        """Hand the head on, unless it is refused.

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
        self._head_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass on that the request is complete."""
        self._between_requests = True
        if not self._refused:
            super().on_message_complete()

    # The limits

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_incomplete(self) -> bool:
        """Whether a part of a request came, and not yet all of it."""
        return not self._refused and not self._between_requests

    def _head_complete(self) -> None:
        """Let the application answer."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _check_head(self) -> None:
        """Refuse a head that is too large."""
        most, largest = self._limits, max(self._head_bytes, self._unended_bytes)
        if self._refused or (len(self.headers) <= most.headers and largest <= most.head_bytes):
            return
        self._refuse(
            HeadTooLarge(f"a request may have {most.headers} headers, and {most.head_bytes} bytes of them")
        )

    def _too_late(self) -> None:
        """End a connection whose request does not become complete; one without any gets no answer."""
        if self.transport.is_closing():
            return
        if self.flow.read_paused or (not self._is_idle and not self.cycle.more_body):
            self._timer.watch(True)  # it is we who are late, with what came before
        elif not self._is_incomplete or (not self._is_idle and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(SlowSender(f"a request must be complete {self._timer.limit_s:g} s after it began"))

    def _refuse(self, error: ServingError) -> None:
        """Answer what is being read with an error, and close the connection."""
        self._refused = True
        request_id = request_id_of({})
        response = http_errors.from_error(error, request_id)
        if self._in_head:  # or the application has the request, and counts that it did not become complete
            self._turned_away(error.code, response.status, request_id)
        self._write_last(response, request_id)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close the connection."""
        self._turned_away(_NO_HTTP, 400, request_id_of({}))
        super().send_400_response(msg)

    def _turned_away(self, reason: str, status: int, request_id: str) -> None:
        """Hear of a request that is refused here, before anybody knows what it asks for."""

    def _write_last(self, response: Response, request_id: str) -> None:
        defaults = self.server_state.default_headers
        self.transport.write(encoded(response, request_id, defaults, b"connection: close\r\n"))
        self.transport.close()
