"""The ASGI lane: the predict paths, in front of FastAPI and past all of its machinery.

Everything else goes on to the application behind. What the lane serves is documented in the same
OpenAPI document (`service.openapi`). What it serves is for the dialects to say.
"""

import asyncio
import time

from service import compression, timing
from service.dialects.port import Target
from service.http_types import (
    App,
    ClientGone,
    Headers,
    Receive,
    Response,
    Scope,
    Send,
    read_body,
    request_id_of,
    route_path,
    send_response,
)
from service.leaving import answer_unless_gone
from service.observing import PREDICTION, Prediction
from service.predictor import Predictor

_WRONG_METHOD = "method_not_allowed"


class PredictLane:
    """An ASGI application that answers predictions itself and hands on the rest."""

    def __init__(self, app: App, predictor: Predictor) -> None:
        self._app = app
        self.predictor = predictor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a predict path; see `service.dialects` for which they are."""
        target = self.predictor.match(route_path(scope)) if scope["type"] == "http" else None
        if target is None or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        request_id = request_id_of(headers)
        try:
            if scope["method"] == "POST":
                response = await self._respond(target, scope, headers, receive)
            else:
                response = target.dialect.wrong_method(scope["method"], target, request_id)
                self.predictor.count_refusal(target.dialect.name, _WRONG_METHOD)
        except ClientGone:
            return
        except Exception as error:
            response = target.dialect.failure(error, target, request_id)
        await send_response(send, response, request_id)

    async def _respond(self, target: Target, scope: Scope, headers: Headers, receive: Receive) -> Response:
        predictor, began = self.predictor, time.monotonic()
        read_at, served, entry = began, None, None
        try:
            asked = predictor.ask(target, scope["query_string"], headers)
            body = await read_body(headers, receive, predictor.max_body_bytes)
            read_at = time.monotonic()
            ready = predictor.decode(asked, body) or await predictor.decode_in_thread(asked, body)
            served = ready.served
            question = ready.question
            entry = served.batcher.enter(question.rows, began + ready.timeout_s, question.priority)
            outputs = await (entry.future if ready.is_quick else answer_unless_gone(entry.future, receive))
            response = ready.respond(outputs)
            if asked.timed:
                response = timing.timed(response, entry, read_at, time.monotonic())
            packed = compression.compressed_quickly(response, asked.packing)
            if packed is None and asked.packing is not None:
                packed = await asyncio.to_thread(compression.compressed, response, asked.packing)
        except BaseException as error:
            predictor.count_failure(target, served, error, time.monotonic() - read_at)
            raise
        finally:
            scope[PREDICTION] = Prediction(target.dialect.name, served, entry, read_at)
        served.counts.answered(target.dialect.name, entry, read_at, time.monotonic())
        return packed or response
