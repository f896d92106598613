"""The ceiling: an ASGI application that reads the body and answers fixed bytes, on the same uvicorn.

What an application on this stack could do if it did nothing; a prediction is measured as a share of it.
``POST /300`` is answered with 300 bytes: the caller asks for as many as the real answer has, so that a bulk
workload is not held against an answer that costs nothing to send. It stands on nothing of the service,
so that it does not change with it.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

Message = dict[str, Any]


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Read all, answer as many bytes as the path says."""
    if scope["type"] != "http":
        return
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    b"".join(chunks)
    start, body = _answer(scope["path"])
    await send(start)
    await send(body)


@lru_cache
def _answer(path: str) -> tuple[Message, Message]:
    size = int(path[1:])
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % size)]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": b"x" * size}
