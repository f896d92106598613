"""A connection of uvicorn's that ends in order: answers are read, or given up, before it is closed."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.connection.half_closed import HalfClosed
from service.connection.limits import LINGER_S


class EndingHttp(HttpToolsProtocol):
    """One connection of a client, and how it ends."""

    def __init__(self, write_timeout_s: float, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._write_timeout_s = write_timeout_s
        self._unread: asyncio.TimerHandle | None = None
        self._half_closed: HalfClosed | None = None
        self._ended = False
        """The last answer was written: nothing more is read or answered."""

    # What the transport calls

    def pause_writing(self) -> None:
        """Remember that the client does not read what was written; it has so long to do that."""
        super().pause_writing()
        self._give_up_later()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        self._stop_giving_up()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Return whether the connection stays open for an answer: its client will send no more.

        One in the middle of its request, or with nothing unanswered, has gone.
        """
        unanswered = not (self._ended or self._is_idle or self._is_incomplete)
        if not unanswered or not HalfClosed.can_be_told(self.transport):
            return False
        self.cycle.keep_alive = False
        self._half_closed = HalfClosed(self.loop, self.transport, self.transport.abort)
        modern = self.parser.get_http_version() == "1.1"
        self._half_closed.begin(may_write=modern and not self.pipeline and not self.cycle.response_started)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn leaves the timer set after a reset
        self._stop_giving_up()
        if self._half_closed is not None:
            self._half_closed.end()

    # What uvicorn calls

    def on_response_complete(self) -> None:
        """Go on with the next request; or see that the client reads the last answer."""
        if self._ended:
            return
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        self._close()

    def shutdown(self) -> None:
        """Close when what is under way is answered: the server stops."""
        if self._ended:
            self._close()
        else:
            super().shutdown()

    # The end

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_incomplete(self) -> bool:
        """Whether a part of a request came, and not yet all of it."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """End the connection behind what was written; wait a little for the client to end it first."""
        if self._ended or self.transport.is_closing():
            return
        self._ended = True
        if self._half_closed is None and self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(LINGER_S, self._close)
        else:
            self._close()

    def _close(self) -> None:
        """Close; what the client does not read in time is not kept for it."""
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._give_up_later()

    def _give_up_later(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(self._write_timeout_s, self.transport.abort)

    def _stop_giving_up(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
