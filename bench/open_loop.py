"""Load by a clock: requests leave when they are due, whatever comes back. One thread, raw sockets.

A closed loop is kind to a slow server, for it asks less; the world does not. A request whose connections are
all busy opens another one. Its time runs from when it was due, not from when it was sent.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from bench.http import HOST, Request

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_LEAST_SLEEP_S = 0.0005


@dataclass(slots=True)
class Answers:
    """What came of the requests of one run; each time in seconds, by the status of its answer."""

    sent: int = 0
    seconds: dict[int, list[float]] = field(default_factory=dict)
    broken: int = 0
    """Connections that ended before their answer."""
    without_retry_after: int = 0
    """Answers 429 that do not say when to come again."""

    @property
    def answered(self) -> int:
        """Requests that got an answer, whichever."""
        return sum(map(len, self.seconds.values()))


def encoded(request: Request) -> bytes:
    """Return a request as it goes over the wire."""
    headers = {"host": HOST, **request.headers, "content-length": str(len(request.body))}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, load: "OpenLoop") -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._waits: tuple[float, bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def send(self, data: bytes, due: float, counts: bool) -> None:
        assert self._transport is not None
        self._waits = due, counts
        self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        data = self._data = self._data + data if self._data else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        found = _LENGTH.search(data, 0, end)
        if found is None or len(data) < end + 4 + int(found[1]):
            return
        self._data = b""
        if self._waits is not None:
            due, counts = self._waits
            self._waits = None
            self._load.answered(self, int(data[9:12]), data[:end], due, counts)

    def connection_lost(self, exc: Exception | None) -> None:
        waits, self._waits = self._waits, None
        self._load.lost(self, waits)


class OpenLoop:
    """Sends one request over and over at a rate."""

    def __init__(self, request: Request, port: int) -> None:
        self._data = encoded(request)
        self._port = port
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._answers = Answers()

    async def run(self, rate: float, seconds: float, warm_s: float, patience_s: float) -> Answers:
        """Send at a rate for so long, and return what came of all but the first, which warm up.

        Args:
            rate: requests a second.
            seconds: how long requests are sent that count.
            warm_s: how long others are sent before.
            patience_s: how long the last answers are waited for.
        """
        self._answers = answers = Answers()
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        number, last = 0, round(rate * (warm_s + seconds))
        while number < last:
            now = time.perf_counter() - began
            while number < last and number / rate <= now:
                due = number / rate
                counts = due >= warm_s
                answers.sent += counts
                self._send(loop, began + due, counts)
                number += 1
            await asyncio.sleep(max(_LEAST_SLEEP_S, began + number / rate - time.perf_counter()))
        await self._until(lambda: self._under_way == 0, patience_s)
        return answers

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.close()
        await self._until(lambda: not self._open, 5.0)

    def answered(self, connection: _Connection, status: int, head: bytes, due: float, counts: bool) -> None:
        """Take an answer."""
        self._under_way -= 1
        self._idle.append(connection)
        if counts:
            self._answers.seconds.setdefault(status, []).append(time.perf_counter() - due)
            self._answers.without_retry_after += status == 429 and b"retry-after: " not in head

    def lost(self, connection: _Connection, waits: tuple[float, bool] | None) -> None:
        """Forget a connection that ended, perhaps with a request on it."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if waits is not None:
            self._under_way -= 1
            self._answers.broken += waits[1]

    def _send(self, loop: asyncio.AbstractEventLoop, due: float, counts: bool) -> None:
        self._under_way += 1
        if self._idle:
            self._idle.pop().send(self._data, due, counts)
            return
        task = loop.create_task(self._send_on_new(loop, due, counts))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _send_on_new(self, loop: asyncio.AbstractEventLoop, due: float, counts: bool) -> None:
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), HOST, self._port)
        except OSError:
            self._under_way -= 1
            self._answers.broken += counts
            return
        self._open.add(connection)
        connection.send(self._data, due, counts)

    async def _until(self, true: Callable[[], bool], seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while not true() and time.perf_counter() < deadline:
            await asyncio.sleep(0.005)
