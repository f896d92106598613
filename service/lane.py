"""The ASGI lane: the predict paths, in front of FastAPI and past all of its machinery.

Everything else goes on to the application behind. What the lane serves is documented in the same
OpenAPI document (`service.openapi`) and fails with the same bodies (`service.http_errors`).
"""

import asyncio
import time
from typing import Any

from service import http_errors
from service.batching import Rows
from service.codecs.bodies import BodyReader, Decoded
from service.dialects import native
from service.errors import InvalidInput, UnsupportedMediaType
from service.http_types import (
    REQUEST_ID,
    App,
    ClientGone,
    Receive,
    Response,
    Scope,
    Send,
    gone,
    header,
    read_body,
    send_response,
)
from service.repository.registry import Registry, ServedVersion

_ALLOW = {"allow": "POST"}
_INLINE_BYTES = 512 * 1024
"""A larger body would hold up the loop for more than some milliseconds."""


class PredictLane:
    """An ASGI application that answers predictions itself and hands on the rest."""

    def __init__(self, app: App, registry: Registry, bodies: BodyReader, default_timeout_s: float) -> None:
        self._app = app
        self._registry = registry
        self._bodies = bodies
        self._default_timeout_s = default_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a predict path; see `service.dialects.native` for which they are."""
        target = native.match(_route_path(scope)) if scope["type"] == "http" else None
        if target is None or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        request_id: str = scope[REQUEST_ID]
        try:
            response = await self._respond(target, scope, receive)
        except ClientGone:
            return
        except Exception as error:
            response = http_errors.from_error(error, request_id)
        await send_response(send, response)

    async def _respond(
        self, target: tuple[str | None, str | None], scope: Scope, receive: Receive
    ) -> Response:
        if scope["method"] != "POST":
            return http_errors.from_status(405, "ask for predictions with POST", scope[REQUEST_ID], _ALLOW)
        model, version = target[0], native.version_of(target[1])
        wanted = native.options(scope["query_string"], header(scope, b"accept").decode("latin-1"))
        deadline = time.monotonic() + self._timeout_s(scope)
        self._registry.get(model, version)  # an unknown model is refused before its body is read
        body = await self._body(scope, receive)
        content_type = header(scope, b"content-type").decode("latin-1")
        served, decoded = await self._decoded(model, version, body, content_type, wanted)
        answer = served.batcher.submit(decoded.rows, deadline)
        outputs = await (answer if served.loaded.inline else answer_unless_gone(answer, receive))
        return native.answer(
            native.Name(served.model, served.version), outputs, served.loaded.signature, wanted, decoded
        )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        encoding = header(scope, b"content-encoding")
        if encoding not in (b"", b"identity"):
            raise UnsupportedMediaType("a compressed body is not read here; send it without Content-Encoding")
        return await read_body(scope, receive, self._bodies.limits.max_body_bytes)

    async def _decoded(
        self,
        model: str | None,
        version: int | None,
        body: bytes,
        content_type: str,
        wanted: native.AnswerOptions,
    ) -> tuple[ServedVersion, Decoded]:
        """Decode for the version that answers now.

        Nothing may await between finding the version and submitting to it, or a swap could come in
        between. A large body is decoded in a thread all the same, and again after a swap.
        """
        while True:
            served = self._registry.get(model, version)
            signature = served.loaded.signature
            wanted.check(signature)
            if len(body) <= _INLINE_BYTES:
                return served, self._bodies.read(body, content_type, signature)
            decoded = await asyncio.to_thread(self._bodies.read, body, content_type, signature)
            if self._registry.get(model, version) is served:
                return served, decoded

    def _timeout_s(self, scope: Scope) -> float:
        given = header(scope, b"x-timeout-ms")
        if not given:
            return self._default_timeout_s
        if not given.isdigit() or len(given) > 9 or int(given) == 0:
            raise InvalidInput("X-Timeout-Ms is a positive number of milliseconds")
        return int(given) / 1000


async def answer_unless_gone(answer: asyncio.Future[Rows], receive: Receive) -> Rows:
    """Wait for the rows; where the client leaves first, drop them from the queue.

    Raises:
        ClientGone: it left.
    """
    leaving = asyncio.ensure_future(gone(receive))
    either: set[asyncio.Future[Any]] = {answer, leaving}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise ClientGone
        return answer.result()
    finally:
        leaving.cancel()


def _route_path(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path
