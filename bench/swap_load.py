"""Clients that ask without a pause and check every answer: its status, and its numbers by its version.

Several processes of several connections each, so that the machine is busy to the last. Whether the version
was one that might answer just then is told afterwards, from the times that are kept of each answer.
"""

import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import numpy as np

from bench.http import HOST, Request
from bench.swap_versions import expected

_NEAR = 1e-5
_TIMEOUT_S = 30.0
_SHOWN = 20

Answered = tuple[float, float, int]
"""When a request was sent, when its answer was there, and which version gave it; one clock for all."""


@dataclass(slots=True)
class Asked:
    """What came of the requests of one path."""

    path: str
    answers: list[Answered] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@contextmanager
def asking(
    request: Request, port: int, paths: Sequence[str], processes: int, connections: int
) -> Iterator[list[Asked]]:
    """Ask on so many connections from each process, in turns for the paths; the list is filled at the end."""
    context = multiprocessing.get_context("spawn")
    done = context.Event()
    found: list[Asked] = []
    started = []
    for _ in range(processes):
        ours, theirs = context.Pipe(duplex=False)
        requests = [replace(request, path=paths[n % len(paths)]) for n in range(connections)]
        process = context.Process(target=_ask_all, args=(theirs, done, requests, port), daemon=True)
        process.start()
        theirs.close()
        started.append((process, ours))
    try:
        for _, ours in started:
            ours.recv()  # it is about to ask
        yield found
    finally:
        done.set()
        for process, ours in started:
            while ours.poll(_TIMEOUT_S) and (asked := ours.recv()) is not None:
                found.append(asked)
            process.join(_TIMEOUT_S)
            process.kill()


def _ask_all(results: Connection, done: Event, requests: list[Request], port: int) -> None:
    expected(1)  # loads what it takes
    results.send(None)
    found = [Asked(request.path) for request in requests]
    threads = [
        threading.Thread(target=_ask, args=(asked, done, request, port))
        for asked, request in zip(found, requests, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for asked in found:
        results.send(asked)
    results.send(None)


def _ask(asked: Asked, done: Event, request: Request, port: int) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
    while not done.is_set() and len(asked.wrong) < _SHOWN:
        sent = time.monotonic()
        try:
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            asked.wrong.append(repr(error))
            connection.close()
            continue
        if response.status != 200:
            asked.wrong.append(f"{response.status}: {body[:300].decode(errors='replace')}")
            continue
        answer = json.loads(body)
        version = int(answer["version"])
        if not np.allclose(answer["predictions"][0]["probabilities"], expected(version), atol=_NEAR, rtol=0):
            asked.wrong.append(f"the numbers are not those of version {version}, which the answer names")
        asked.answers.append((sent, time.monotonic(), version))
    connection.close()
