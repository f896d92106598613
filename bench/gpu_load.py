"""Load for machines without wrk: a process of threads, each with a connection, one request after the other.

    python -m bench.gpu_load PORT PATH BODY_FILE CONNECTIONS SECONDS

Blocking sockets, for large bodies: sending and receiving are system calls that need no Python lock. It
prints one line of JSON and reads no more of an answer than its status and length.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.http import HOST

_WARM_S = 0.5
_TIMEOUT_S = 60.0
_END_S = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: good answers, and the seconds that each took."""

    seconds: float
    latencies: list[float]
    errors: int


def run(port: int, path: str, body: Path, connections: int, seconds: float) -> Outcome:
    """Send a body of raw images over and over on every connection, from a process of its own."""
    command = [sys.executable, "-m", "bench.gpu_load", str(port), path, str(body)]
    command += [str(connections), str(seconds)]
    timeout_s = seconds + _END_S
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=timeout_s)
    return Outcome(**json.loads(result.stdout))


def main(port: str, path: str, body: str, connections: str, seconds: str) -> None:
    """Run the load in this process."""
    content = Path(body).read_bytes()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/octet-stream\r\n"
        f"accept: application/x-npy\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    began = time.perf_counter() + _WARM_S
    until = began + float(seconds)
    latencies: list[float] = []
    errors: list[str] = []
    threads = [
        threading.Thread(
            target=_connection, args=(int(port), head.encode(), content, began, until, latencies, errors)
        )
        for _ in range(int(connections))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began  # what was asked in time is waited for, and counts
    print(json.dumps({"seconds": took_s, "latencies": latencies, "errors": len(errors)}))


def _connection(
    port: int,
    head: bytes,
    content: bytes,
    began: float,
    until: float,
    latencies: list[float],
    errors: list[str],
) -> None:
    with socket.create_connection((HOST, port), _TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        memory = bytearray(1 << 20)
        while (sent := time.perf_counter()) < until:
            try:
                connection.sendall(head)
                connection.sendall(content)
                status = _answer(connection, memory)
            except OSError as error:
                errors.append(str(error))
                return
            answered = time.perf_counter()
            if status != b"200":
                errors.append(status.decode())
            elif sent >= began:
                latencies.append(answered - sent)


def _answer(connection: socket.socket, memory: bytearray) -> bytes:
    """Receive one answer and return its status."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection, memory)
    head, _, rest = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0][15:]) - len(rest)
    while left > 0:
        left -= len(_some(connection, memory))
    return head[9:12]


def _some(connection: socket.socket, memory: bytearray) -> bytes:
    count = connection.recv_into(memory)
    if not count:
        raise ConnectionError("closed before the end of an answer")
    return bytes(memory[:count])


if __name__ == "__main__":
    main(*sys.argv[1:])
