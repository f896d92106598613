"""How long a client may take to send a request, or to begin the first one."""

import asyncio
from collections.abc import Callable


class RequestTimer:
    """The time from the first byte of a request, or from the connection, until the request is complete.

    It runs only while something is missing: most requests come in one piece and never set it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float, on_late: Callable[[], None]) -> None:
        self._loop = loop
        self._on_late = on_late
        self._handle: asyncio.TimerHandle | None = None
        self.limit_s = limit_s

    def watch(self, missing: bool) -> None:
        """Run while something is missing, from when it first was; `on_late` hears when it takes too long."""
        if missing and self._handle is None:
            self._handle = self._loop.call_later(self.limit_s, self._late)
        elif not missing and self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _late(self) -> None:
        self._handle = None
        self._on_late()
