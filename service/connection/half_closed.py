"""Whether a client that will send nothing more still waits for its answer, or has gone.

Both look the same: the end of what it sends. HTTP lets it wait (RFC 9112, 9.6), and some do: ``nc``, and
programs that shut their side down behind the request. Only who writes to the client learns which it is: one
that has gone resets the connection. So it is sent ``100 Continue``, which every client of HTTP/1.1 must
be able to pass over (RFC 9110, 15.2), and then the system is asked what became of the connection.
"""

import asyncio
import socket
from collections.abc import Callable

_PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FIRST_LOOK_S = 0.005
_LAST_LOOK_S = 1.0

_TCP_INFO = getattr(socket, "TCP_INFO", None)  # Linux
_CLOSE_WAIT = 8  # of the system's states of a connection: its client ended its side, and no more


class HalfClosed:
    """Looks, less and less often, whether a client that sends no more has gone; `on_gone` hears it once."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, on_gone: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._on_gone = on_gone
        self._wait_s = _FIRST_LOOK_S
        self._handle: asyncio.TimerHandle | None = None

    @staticmethod
    def can_be_told(transport: asyncio.Transport) -> bool:
        """Whether the system says what became of a connection: not of one of TLS, and not everywhere."""
        connection = transport.get_extra_info("socket")
        return (
            _TCP_INFO is not None
            and transport.get_extra_info("sslcontext") is None
            and connection is not None
            and connection.family in (socket.AF_INET, socket.AF_INET6)
        )

    def begin(self, *, may_write: bool) -> None:
        """Look what becomes of the client; write to it first, unless an answer is being written already."""
        if may_write:
            self._transport.write(_PROBE)
        self._look_later()

    def end(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look_later(self) -> None:
        self._handle = self._loop.call_later(self._wait_s, self._look)
        self._wait_s = min(2 * self._wait_s, _LAST_LOOK_S)

    def _look(self) -> None:
        self._handle = None
        if self._transport.is_closing():
            return
        if self._is_there():
            self._look_later()
        else:
            self._on_gone()

    def _is_there(self) -> bool:
        assert _TCP_INFO is not None
        try:
            state = self._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
        except OSError:
            return False
        return bool(state[0] == _CLOSE_WAIT)
