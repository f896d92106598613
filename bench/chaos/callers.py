"""Callers of a chaos run: those who ask and check, those who leave, those who send slowly."""

import asyncio
import random
import time

from bench.chaos.asks import Ask, Asks
from bench.chaos.tally import UNKNOWN, Tally
from bench.http import HOST, Answer
from bench.open_loop import encoded

_PATIENCE_S = 60.0
_SLOW_PATIENCE_S = 60.0


class Broken(Exception):
    """A connection ended before the answer was whole."""


class Connection:
    """A connection of one caller; `worker` is of the ids by which answers tell their worker."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.worker = UNKNOWN

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the streams, of a new connection where there is none."""
        if self._streams is None:
            self.worker = UNKNOWN
            try:
                self._streams = await asyncio.open_connection(HOST, self._port)
            except OSError as error:
                raise Broken(f"no connection: {error!r}") from error
        return self._streams

    async def ask(self, data: bytes) -> Answer:
        """Send a request and return its answer.

        Raises:
            Broken: there was none.
        """
        reader, writer = await self.streams()
        try:
            writer.write(data)
            return await asyncio.wait_for(self._read(reader), _PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Broken(repr(error)) from error
        except TimeoutError as error:
            self.close()
            raise Broken(f"no answer in {_PATIENCE_S:g} s") from error

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if "x-request-id" in headers:
            # Each worker counts from a random start.
            self.worker = headers["x-request-id"][:-8]
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(first.split()[1]), headers, body)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def judge(ask: Ask, connection: Connection, tally: Tally) -> None:
    """Ask, and tell the tally what came of it."""
    began = time.monotonic()
    try:
        answer = await connection.ask(encoded(ask.request))
    except Broken as error:
        tally.lost(ask.kind, began, connection.worker, str(error))
        return
    tally.count(ask.kind, str(answer.status))
    if answer.status not in ask.allowed:
        tally.blame(f"{ask.kind}: {answer.status} {answer.body[:300]!r}")
    elif answer.status == 200:
        tally.checked += 1
        try:
            trouble = ask.check(answer)
        except Exception as error:
            trouble = f"cannot be read: {error!r}"
        if trouble is not None:
            tally.blame(f"{ask.kind}: {trouble}")
    elif answer.status == 429 and "retry-after" not in answer.headers:
        tally.blame(f"{ask.kind}: 429 without Retry-After")


async def caller(port: int, asks: Asks, tally: Tally, ended: asyncio.Event, dice: random.Random) -> None:
    """Ask one thing after the other, on connections that are kept for a while."""
    connection = Connection(port)
    while not ended.is_set():
        await judge(asks.one(), connection, tally)
        if dice.random() < 0.02:
            connection.close()
        await asyncio.sleep(dice.uniform(0.0, 0.02))
    connection.close()


async def leaver(port: int, asks: Asks, tally: Tally, ended: asyncio.Event, dice: random.Random) -> None:
    """Ask, and leave before the answer."""
    while not ended.is_set():
        connection = Connection(port)
        try:
            _, writer = await connection.streams()
            data = encoded(asks.one().request)
            writer.write(data[: dice.choice((len(data), len(data), dice.randrange(1, len(data))))])
            await asyncio.sleep(dice.uniform(0.0, 0.05))
            tally.count("callers who leave", "left")
        except (Broken, OSError):
            tally.count("callers who leave", "found nobody")
        connection.close()
        await asyncio.sleep(dice.uniform(0.0, 0.1))


async def slow_sender(port: int, asks: Asks, tally: Tally, ended: asyncio.Event) -> None:
    """Begin a request and never end it: it is to be ended with 408, and its connection closed."""
    kind = "slow senders"
    while not ended.is_set():
        connection, began = Connection(port), time.monotonic()
        try:
            reader, writer = await connection.streams()
            data = encoded(asks.steady()[1].request)
            writer.write(data[:-100])
            first = await asyncio.wait_for(reader.read(16), _SLOW_PATIENCE_S)
            status = first[9:12].decode("latin-1")
            if not first:
                tally.lost(kind, began, connection.worker, "closed without a word")
            else:
                tally.count(kind, status)
                if status != "408":
                    tally.blame(f"{kind}: {status}")
        except TimeoutError:
            tally.lost(kind, began, connection.worker, f"nothing in {_SLOW_PATIENCE_S:g} s")
        except (Broken, OSError) as error:
            tally.lost(kind, began, connection.worker, repr(error))
        connection.close()
