"""One request past ASGI and its answer; to uvicorn, which closes what is idle, a cycle."""

import asyncio
import time

from service.batching.entry import Entry
from service.http_types import Headers, request_id_of
from service.predictor import Asked
from service.repository.registry import ServedVersion


class Exchange:
    """What is kept of a request from its head to its answer. `read_at` is when its body was complete."""

    __slots__ = (
        "asked",
        "began",
        "chunks",
        "disconnected",
        "entry",
        "headers",
        "keep_alive",
        "more_body",
        "read_at",
        "request_id",
        "response_complete",
        "served",
        "task",
    )

    # What uvicorn looks for in a cycle.
    message_event = asyncio.Event()  # nobody waits for it
    response_started = False
    disconnected: bool

    chunks: list[bytes]  # where the body does not come in one piece with the head

    def __init__(self, asked: Asked, headers: Headers) -> None:
        self.asked = asked
        self.headers = headers
        self.request_id = request_id_of(headers)
        self.began = self.read_at = time.monotonic()  # the body may come later
        self.more_body = True
        self.task: asyncio.Task[None] | None = None
        self.served: ServedVersion | None = None
        self.entry: Entry | None = None
        self.keep_alive = True
        self.response_complete = False

    def body(self) -> bytes:
        """Return the body, of which every piece is there, and let the pieces go."""
        self.more_body = False
        self.read_at = time.monotonic()
        body = b"".join(self.chunks)
        self.chunks.clear()
        return body

    def leave(self) -> None:
        """Drop what is under way: there is nobody to answer."""
        self.response_complete = True
        if self.task is not None:
            self.task.cancel()
        if self.served is not None and self.entry is not None:
            self.served.batcher.leave(self.entry)
