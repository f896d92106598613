"""A connection with limits: on how many there are, on the head of a request, and on the time of the whole."""

import logging
import sys
from typing import Any

import httptools

from service import http_errors
from service.connection.answer_bytes import encoded
from service.connection.ending import EndingHttp
from service.connection.limits import SPARE_CONNECTIONS, SPARE_TIMEOUT_S, ConnectionLimits
from service.connection.request_timer import RequestTimer
from service.errors import (
    HeadTooLarge,
    MalformedRequest,
    ServingError,
    SlowSender,
    TooManyConnections,
    UrlTooLong,
)
from service.http_types import Response, request_id_of

logger = logging.getLogger(__name__)

_BODY_HEADERS = (b"content-length", b"transfer-encoding")
_HEALTH = (b"/health/live", b"/health/ready")


class BoundedHttp(EndingHttp):
    """One connection of a client. What is refused here is answered in its turn, and ends the connection."""

    def __init__(self, limits: ConnectionLimits, **uvicorn: Any) -> None:
        super().__init__(limits.write_timeout_s, **uvicorn)
        self._limits = limits
        self._timer = RequestTimer(self.loop, limits.read_timeout_s, self._too_late)
        self._in_head = False
        self._head_bytes = self._header_count = 0
        self._stuck_bytes = 0  # that came since the parser last said anything
        self._is_stuck = False
        self._data = b""  # that is being parsed
        self._between_requests = True
        self._reading: Any = None  # uvicorn's cycle of the request whose body is to come
        self._refused = False
        self._last_words: tuple[Response, str] | None = None  # where they must wait for answers before them
        self._is_surplus = False

    # What the transport calls

    def connection_made(self, transport: Any) -> None:
        """Begin; the first request must come soon, and sooner where there are too many connections."""
        super().connection_made(transport)
        over = len(self.connections) - self._limits.connections
        if over > 0:
            self._is_surplus = True
            self._timer.limit_s = min(SPARE_TIMEOUT_S, self._timer.limit_s)
        if over > SPARE_CONNECTIONS:
            self._refuse_surplus()
        else:
            self._timer.watch(True)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if not self._refused and not self._ended:
            self._parse(data)
        self._timer.watch(self._is_incomplete or self._is_forgotten)

    def _parse(self, data: bytes) -> None:
        self._is_stuck = True
        self._data = data
        super().data_received(data)
        self._data = b""
        if not self._is_stuck:
            self._stuck_bytes = 0
        elif self._is_incomplete:
            # The parser keeps a header that does not end, without a word of it.
            self._stuck_bytes += len(data)
            self._check_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._timer.watch(False)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Start a request; its scope is made when it is known that the application is to answer."""
        self.url = b""
        self.headers = []
        self._between_requests = False
        self._reading = None
        self._in_head, self._head_bytes, self._header_count = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Keep a piece of the URL."""
        self._is_stuck = False
        if not self._refused:
            super().on_url(url)
            if len(self.url) > self._limits.url_bytes:
                self._refuse(UrlTooLong(f"a URL may have {self._limits.url_bytes} bytes"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; one behind a body is counted alone, for it was not there when the request began."""
        self._is_stuck = False
        if not self._refused:
            self._header_count += 1
            self._head_bytes += len(name) + len(value)
            if self._in_head:
                self.headers.append((name.lower(), value))
            self._check_head()

    def on_headers_complete(self) -> None:
        """Hand the head on, unless it is refused.

        The parser takes a request that asks for another protocol to have no body: what follows would be
        parsed as the next request, which lets one be smuggled in.
        """
        self._in_head = False
        if self._refused:
            return
        if self._is_surplus and not self.url.partition(b"?")[0].endswith(_HEALTH):
            self._refuse_surplus()
            return
        why = self._why_ambiguous()
        if why is None:
            self._head_complete()
        else:
            self._refuse(MalformedRequest(why))

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on."""
        self._is_stuck = False
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass on that the request is complete."""
        self._between_requests = True
        if not self._refused:
            self._reading = None
            super().on_message_complete()

    # What uvicorn calls

    def on_response_complete(self) -> None:
        """Go on with the next request, or with the last words."""
        if self._last_words is None or self.pipeline:
            super().on_response_complete()
        else:
            self._write_last(*self._last_words)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not take for HTTP."""
        error = sys.exc_info()[1]
        cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
        if cause is not None and not isinstance(cause, httptools.HttpParserError | UnicodeDecodeError):
            logger.error("unexpected error in a connection", exc_info=cause)
        if not self._refused:
            self._refuse(MalformedRequest("what came is no request of HTTP/1.1"))

    def _unsupported_upgrade_warning(self) -> None:
        """Go on with another parser: this one has stopped, and the request is answered in this protocol."""
        upgrade = sys.exc_info()[1]
        assert isinstance(upgrade, httptools.HttpParserUpgrade)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        rest = self._data[upgrade.args[0] :]
        if rest and not self._refused:
            self._parse(rest)

    # The limits

    @property
    def _is_incomplete(self) -> bool:
        return not self._refused and not self._between_requests

    @property
    def _is_forgotten(self) -> bool:
        """Whether nothing ends the connection: empty lines came, which are no request, and no timer runs."""
        waits = self._between_requests and self._is_idle and not self._ended
        return waits and self.timeout_keep_alive_task is None

    def _why_ambiguous(self) -> str | None:
        """Return why another reader could take a head for another request than the parser; None where not."""
        version, hosts = self.parser.get_http_version(), 0
        if version not in ("1.1", "1.0"):
            return "this server speaks HTTP/1.1"
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding" and (version == "1.0" or value.lower() != b"chunked"):
                return "a transfer encoding may be chunked alone, and in HTTP/1.1 alone"
        if hosts > 1 or (not hosts and version == "1.1"):  # RFC 9112, 3.2
            return "a request names one host"
        if self.parser.should_upgrade() and any(name in _BODY_HEADERS for name, _ in self.headers):
            return "a request with a body may not ask for another protocol"
        return None

    def _head_complete(self) -> None:
        """Let the application answer."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()
        self._reading = self.cycle
        if self._is_surplus:
            self.cycle.keep_alive = False

    def _check_head(self) -> None:
        """Refuse a head that is too large."""
        most, largest = self._limits, max(self._head_bytes, self._stuck_bytes)
        if self._refused or (self._header_count <= most.headers and largest <= most.head_bytes):
            return
        self._refuse(
            HeadTooLarge(f"a request may have {most.headers} headers, and {most.head_bytes} bytes of them")
        )

    def _too_late(self) -> None:
        """End a connection whose request does not become complete; one without any gets no answer."""
        if self._ended or self.transport.is_closing():
            return
        if self.flow.read_paused or (not self._is_idle and not self.cycle.more_body):
            self._timer.watch(True)  # it is we who are late, with what came before
        elif not self._is_incomplete:
            self._close()
        else:
            self._refuse(SlowSender(f"a request must be complete {self._timer.limit_s:g} s after it began"))

    def _refuse_surplus(self) -> None:
        most = self._limits.connections
        self._refuse(TooManyConnections(f"{most} connections are open, and no more may be; ask again soon"))

    def _refuse(self, error: ServingError) -> None:
        """Answer what is being read with an error, behind what was asked before, and end the connection."""
        self._refused = True
        reading, is_behind = self._reading, not self._is_idle
        if reading is not None:
            if reading.response_started:
                self._hang_up()  # it was answered, or is being
                return
            is_behind = bool(self.pipeline) and self.pipeline[0][0] is reading
            if is_behind:
                self.pipeline.popleft()
            else:
                reading.disconnected = True
                reading.message_event.set()
        request_id = request_id_of({})
        response = http_errors.from_error(error, request_id)
        if reading is None:  # or the application has the request, and counts that it did not become complete
            self._turned_away(error.code, response.status, request_id)
        self._last_words = response, request_id
        if not is_behind:
            self._write_last(response, request_id)

    def _turned_away(self, reason: str, status: int, request_id: str) -> None:
        """Hear of a request that is refused here, before anybody knows what it asks for."""

    def _write_last(self, response: Response, request_id: str) -> None:
        self._refused, self._last_words = True, None
        if not self.transport.is_closing():
            defaults = self.server_state.default_headers
            self.transport.write(encoded(response, request_id, defaults, b"connection: close\r\n"))
            self._hang_up()
