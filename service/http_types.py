"""What an ASGI application is made of, and the small readings of a scope that several parts need."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from service.errors import TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "modiste.request_id"
"""The key under which a scope holds its request id."""

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response: lower-case header names beside the content type and the length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class ClientGone(Exception):
    """The client closed its connection; there is nobody to answer."""


def header(scope: Scope, name: bytes) -> bytes:
    """Return the first header of this lower-case name, or empty bytes."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


def new_request_id(scope: Scope) -> str:
    """Return the client's own request id where it is plain enough to log, else a new one."""
    given = header(scope, b"x-request-id")
    return given.decode() if _PLAIN_ID.fullmatch(given) else secrets.token_hex(8)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: it is declared, or grows, larger than `limit` bytes; the rest is not kept.
        ClientGone: the client closed the connection before the end.
    """
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    # Chunks are joined once: growing one object by each of them would copy it every time.
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def send_response(send: Send, response: Response) -> None:
    """Send a whole response."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *((name.encode(), value.encode()) for name, value in response.headers.items()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def gone(receive: Receive) -> None:
    """Return when the client closed its connection, after its body was read."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"a body may have {limit / 2**20:.3g} MiB ({limit} bytes); send fewer rows, "
        "or .npy or raw bytes instead of JSON"
    )
