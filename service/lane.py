"""The ASGI lane: the predict paths, in front of FastAPI and past all of its machinery.

Everything else goes on to the application behind. What the lane serves is documented in the same
OpenAPI document (`service.openapi`) and fails with the same bodies (`service.http_errors`).
"""

import asyncio
import time
from typing import Any

from service import http_errors
from service.dialects import native
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
from service.pending import Rows
from service.predictor import Predictor

_ALLOW = {"allow": "POST"}


class PredictLane:
    """An ASGI application that answers predictions itself and hands on the rest."""

    def __init__(self, app: App, predictor: Predictor) -> None:
        self._app = app
        self.predictor = predictor

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
                message = "ask for predictions with POST"
                response = http_errors.from_status(405, message, request_id, _ALLOW)
        except ClientGone:
            return
        except Exception as error:
            response = http_errors.from_error(error, request_id)
        await send_response(send, response, request_id)

    async def _respond(
        self, target: native.Target, query: bytes, headers: Headers, receive: Receive
    ) -> Response:
        predictor = self.predictor
        asked = predictor.ask(target, query, headers)
        deadline = time.monotonic() + asked.timeout_s
        body = await read_body(headers, receive, predictor.max_body_bytes)
        ready = predictor.decode(asked, body) or await predictor.decode_in_thread(asked, body)
        answer = ready.batcher.submit(ready.rows, deadline)
        return ready.respond(await (answer if ready.is_quick else answer_unless_gone(answer, receive)))


async def answer_unless_gone(answer: asyncio.Future[Rows], receive: Receive) -> Rows:
    """Wait for the outputs; where the client leaves first, drop its rows from the queue.

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
