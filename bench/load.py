"""A load generator: so many connections, each with one request after the other, for so many seconds.

It writes fixed bytes to plain sockets and reads no more of an answer than its length, so that it takes
less of the machine than an HTTP client would. A closed loop: a slow server gets fewer requests.
"""

import asyncio
import time
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Outcome:
    """What a run came to; latencies in seconds, one for each answer."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def requests_per_second(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """A percentile of the latencies, in milliseconds."""
        return float(np.percentile(self.latencies, percent)) * 1000 if self.latencies else float("nan")


def request(path: str, body: bytes, content_type: str) -> bytes:
    """Return a whole HTTP/1.1 request."""
    head = [
        f"POST {path} HTTP/1.1",
        "host: bench",
        f"content-type: {content_type}",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


async def run(host: str, port: int, payload: bytes, connections: int, seconds: float) -> Outcome:
    """Send `payload` over and over on every connection until the time is up."""
    outcome = Outcome(seconds)
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_connection(host, port, payload, until, outcome) for _ in range(connections)))
    return outcome


async def _connection(host: str, port: int, payload: bytes, until: float, outcome: Outcome) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while (began := time.perf_counter()) < until:
            writer.write(payload)
            if await _status(reader) == 200:
                outcome.latencies.append(time.perf_counter() - began)
            else:
                outcome.errors += 1
    except (asyncio.IncompleteReadError, ConnectionError):
        outcome.errors += 1
    finally:
        writer.close()


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.index(b"content-length:") + 15
    await reader.readexactly(int(head[at : head.index(b"\r", at)]))
    return int(head[9:12])
