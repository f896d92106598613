"""One HTTP request as data: what the load generator sends, and what readiness is asked with."""

import http.client
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request, without the headers that follow from it (host, content-length)."""

    method: str = "POST"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(request: Request, port: int, timeout_s: float = 30.0) -> Answer:
    """Send one request on a connection of its own.

    Raises:
        OSError: nobody listens, or the connection broke.
        http.client.HTTPException: what came back is no HTTP.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        connection.request(request.method, request.path, request.body or None, request.headers)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()


def settle(request: Request, port: int, timeout_s: float = 120.0) -> None:
    """Wait for one answer, good or not: it comes after those to what an earlier run left behind."""
    send(request, port, timeout_s)
