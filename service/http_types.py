"""What an ASGI application is made of, and the small readings of a scope that several parts need."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple

from service.errors import TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "modiste.request_id"
"""The key under which a scope holds its request id."""

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Response(NamedTuple):
    """A whole response: lower-case header names beside the content type and the length."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = _NO_HEADERS


class ClientGone(Exception):
    """The client closed its connection; there is nobody to answer."""


Headers = Mapping[bytes, bytes]
"""Request headers by lower-case name; of several of one name, the last."""

# Ids of our own are unique by a random start, which differs from worker to worker, and counted from there:
# asking the system for random bytes each time costs more than the rest of an id.
_own_ids = count(secrets.randbits(63))


def request_id_of(headers: Headers) -> str:
    """Return the client's own request id where it is plain enough to log, else a new one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if given and _PLAIN_ID.fullmatch(given) else f"{next(_own_ids):016x}"


def route_path(scope: Scope) -> str:
    """Return the path that was asked for, without the one under which a proxy shows the service."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """Return the whole body.

    Raises:
        TooLarge: it is declared, or grows, larger than `limit` bytes; the rest is not kept.
        ClientGone: the client closed the connection before the end.
    """
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit, int(declared))
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


NOT_KEPT = (b"cache-control", b"no-store")
"""For every answer that does not say itself whether it may be kept: what is true now need not stay so."""


async def send_response(send: Send, response: Response, request_id: str) -> None:
    """Send a whole response."""
    status, body, content_type, more = response
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        NOT_KEPT,
    ]
    if more:
        headers += [(name.encode(), value.encode()) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def gone(receive: Receive) -> None:
    """Return when the client closed its connection, after its body was read."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _too_large(limit: int, declared: int | None = None) -> TooLarge:
    came = "more came" if declared is None else f"this one declares {declared}"
    return TooLarge(
        f"a body may have {limit / 2**20:.3g} MiB ({limit} bytes), and {came}; send fewer rows, "
        "or .npy or raw bytes instead of JSON"
    )
