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
    App,
    ClientGone,
    Headers,
    Receive,
    Response,
    Scope,
    Send,
    gone,
    read_body,
    request_id_of,
    send_response,
)
from service.repository.registry import Registry, ServedVersion

_ALLOW = {"allow": "POST"}


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
        headers: Headers = dict(scope["headers"])
        request_id = request_id_of(headers)
        try:
            if scope["method"] == "POST":
                response = await self._respond(target, scope["query_string"], headers, receive)
            else:
                response = http_errors.from_status(405, "ask for predictions with POST", request_id, _ALLOW)
        except ClientGone:
            return
        except Exception as error:
            response = http_errors.from_error(error, request_id)
        await send_response(send, response, request_id)

    async def _respond(
        self, target: native.Target, query: bytes, headers: Headers, receive: Receive
    ) -> Response:
        model, version = target.model, native.version_of(target.version)
        wanted = native.options(query, headers.get(b"accept", b""))
        deadline = time.monotonic() + self._timeout_s(headers)
        served = self._registry.get(model, version)  # an unknown model is refused before its body is read
        if headers.get(b"content-encoding", b"identity") not in (b"identity", b""):
            raise UnsupportedMediaType("a compressed body is not read here; send it without Content-Encoding")
        body = await read_body(headers, receive, self._bodies.limits.max_body_bytes)
        content_type = headers.get(b"content-type", b"")
        if self._bodies.is_quick(body, content_type):
            # From here to `submit` nothing may await, or a swap could come in between.
            served = self._registry.get(model, version)
            decoded = self._decode(served, body, content_type, wanted)
        else:
            served, decoded = await self._decode_in_thread(model, version, body, content_type, wanted)
        answer = served.batcher.submit(decoded.rows, deadline)
        quick = len(decoded.rows) <= served.loaded.inline_rows
        outputs = await (answer if quick else answer_unless_gone(answer, receive))
        return native.answer(
            native.Name(served.model, served.version), outputs, served.loaded.signature, wanted, decoded
        )

    def _decode(
        self, served: ServedVersion, body: bytes, content_type: bytes, wanted: native.AnswerOptions
    ) -> Decoded:
        signature = served.loaded.signature
        wanted.check(signature)
        return self._bodies.read(body, content_type, signature)

    async def _decode_in_thread(
        self,
        model: str | None,
        version: int | None,
        body: bytes,
        content_type: bytes,
        wanted: native.AnswerOptions,
    ) -> tuple[ServedVersion, Decoded]:
        """Decode for the version that answers now; again, where a swap comes in between."""
        while True:
            served = self._registry.get(model, version)
            decoded = await asyncio.to_thread(self._decode, served, body, content_type, wanted)
            if self._registry.get(model, version) is served:
                return served, decoded

    def _timeout_s(self, headers: Headers) -> float:
        given = headers.get(b"x-timeout-ms")
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
