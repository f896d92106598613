"""The composition root: settings in, one ASGI application out. Nothing else builds parts."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.responses import Response as StarletteResponse

from modiste import __version__
from service import http_errors, openapi
from service.access_log import AccessLog
from service.codecs.bodies import BodyReader
from service.dialects.names import protocol_of
from service.dialects.native import Native
from service.dialects.oip import OpenInference
from service.dialects.tfserving import TensorFlowServing
from service.dialects.tfserving import paths as tfserving_paths
from service.dialects.tfserving import words as tfserving_words
from service.errors import InvalidInput, ServingError
from service.http_errors import Failed, Told, Words
from service.http_types import (
    REQUEST_ID,
    App,
    Message,
    Receive,
    Response,
    Scope,
    Send,
    request_id_of,
    route_path,
)
from service.keys import Keys
from service.lane import PredictLane
from service.logs import current_request
from service.observing import Observed, Observer
from service.parts import Lifecycle, Parts, request_id
from service.predictor import Predictor
from service.repository.agreement import Agreement
from service.repository.loading import Loader, LoadPolicy
from service.repository.operators import Operators
from service.repository.prepared_cache import PreparedCache
from service.repository.registry import Registry
from service.repository.watcher import Watcher
from service.repository.wishes import WishesFile
from service.routes import (
    admin,
    evaluate,
    examples,
    explain,
    health,
    metrics,
    models,
    oip,
    oip_repository,
    oip_statistics,
    page,
    report,
    statistics,
    tfserving,
)
from service.run_folder import Place
from service.security_headers import SecurityHeaders
from service.settings import Settings
from service.statistics.book import Statistics

logger = logging.getLogger(__name__)

_WORDS: Mapping[str, Words] = {
    tfserving_paths.PREFIX: tfserving_words.words,
    "/v2/": lambda told, _: http_errors.in_brief(told),
}
"""The words for failures of the protocols beside our own, by the prefix of their paths."""

_NATIVE = (health, models, report, explain, evaluate, admin, statistics, metrics, examples)
_ROUTES = (page, *_NATIVE, oip_statistics, oip, oip_repository, tfserving)
"""In the order in which a path is looked for: `/v2/models/stats` is no model."""

LIFECYCLE = "lifecycle"
"""The key under which the lifespan's state hands the lifecycle to the server."""


class Composed(NamedTuple):
    """An application, and what answers its predictions.

    `past_asgi` is False where every answer must pass through middleware of the application; `observers` hear
    of the requests that go past it.
    """

    app: App
    predictor: Predictor
    past_asgi: bool
    observers: Sequence[Observer]


def create_app(settings: Settings) -> App:
    """Compose the application, for any ASGI server."""
    return compose(settings).app


def compose(settings: Settings, place: Place | None = None) -> Composed:
    """Compose the application, of one worker among several where it has a place.

    The lane stands in front of FastAPI and answers the predict paths.
    """
    registry = Registry(settings.default_model, settings.versions_loaded)
    bodies = BodyReader(settings.input_limits)
    keys = Keys.open(settings.keys_file, required=settings.required_scopes)
    counted = Statistics(registry, place)
    watcher, agreement = _watcher(settings, registry, counted), Agreement(registry, place)
    parts = Parts(
        registry=registry,
        watcher=watcher,
        agreement=agreement,
        operators=Operators(registry, watcher, agreement),
        keys=keys,
        statistics=counted,
        bodies=bodies,
        data_dir=settings.data_dir,
        max_npz_bytes=settings.max_npz_bytes,
        max_batch_rows=settings.max_batch_rows,
        evaluation_timeout_s=settings.default_timeout_ms / 1000,
    )
    observers = _observers(settings)
    web = _web(settings, parts, observers)
    predictor = Predictor(
        registry,
        [Native(bodies), OpenInference(settings.input_limits), TensorFlowServing(settings.input_limits)],
        keys,
        max_body_bytes=settings.max_body_bytes,
        default_timeout_s=settings.default_timeout_ms / 1000,
        count_refusal=counted.count_refusal,
    )
    app: App = PredictLane(RequestIds(SecurityHeaders(web)), predictor)
    if settings.cors_origins:
        origins = [origin.strip() for origin in settings.cors_origins.split(",")]
        app = CORSMiddleware(app, origins, allow_methods=["*"], allow_headers=["*"])
    if observers:
        app = Observed(app, observers)
    return Composed(app, predictor, not settings.cors_origins, observers)


class RequestIds:
    """Gives every request behind the lane an id, and every answer the header that names it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the id in the scope and in the headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = scope[REQUEST_ID] = request_id_of(dict(scope["headers"]))
        current_request.set(given)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", given.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _observers(settings: Settings) -> list[Observer]:
    observers: list[Observer] = []
    if settings.access_log:
        observers.append(AccessLog())
    if settings.traces:
        # Imported here: it needs an extra, and takes its time.
        from service.tracing import Tracing

        observers.append(Tracing())
    return observers


def _watcher(settings: Settings, registry: Registry, counted: Statistics) -> Watcher:
    policy = LoadPolicy(
        engine=settings.engine,
        keras_backend=settings.keras_backend,
        keras_allowed=settings.http_workers == 1,
        onnx_threads=settings.onnx_threads,
        max_batch_rows=settings.max_batch_rows,
        inline_compute_s=settings.inline_compute_ms / 1000,
        limits=settings.prepare_limits,
    )
    cache = PreparedCache(
        settings.state_dir / "prepared", settings.prepared_cache_bytes, settings.prepare_limits
    )
    return Watcher(
        settings.artifacts_dir,
        registry,
        Loader(policy, cache),
        WishesFile(settings.state_dir),
        settings.batch_policy,
        counted,
        interval_s=settings.watch_interval_ms / 1000,
        grace_s=settings.grace_period_ms / 1000,
    )


def _web(settings: Settings, parts: Parts, observers: Sequence[Observer]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Lifecycle]]:
        await parts.statistics.start()
        await parts.watcher.start()
        parts.agreement.start()
        # What is loaded now stays: collecting it again and again would stop answers for milliseconds.
        gc.collect()
        gc.freeze()
        yield {LIFECYCLE: parts.lifecycle}
        parts.lifecycle.stopping = True
        await parts.watcher.stop()
        await parts.agreement.stop()
        await parts.statistics.stop()
        for observer in observers:
            await asyncio.to_thread(observer.close)

    web = FastAPIOffline(
        title="Modiste",
        version=__version__,
        description="Predictions, evaluations and summaries of Keras classifiers. [Try them](./).",
        lifespan=lifespan,
        redoc_url=None,
    )
    web.state.parts = parts
    web.add_route("/favicon.ico", _to("static-offline-docs/favicon.png"), include_in_schema=False)
    for part in _ROUTES:
        web.include_router(part.router)
    _document(web)
    _answer_errors(web, _WORDS, parts.statistics.count_refusal)
    return web


def _to(path: str) -> Callable[[Request], Awaitable[StarletteResponse]]:
    """A route that sends browsers on: whoever opens the address that was announced wants to see something."""

    async def redirect(request: Request) -> StarletteResponse:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/{path}")

    return redirect


def _document(web: FastAPI) -> None:
    plain = web.openapi

    def with_lane() -> dict[str, Any]:
        if web.openapi_schema is None:
            web.openapi_schema = openapi.with_predictions(plain())
        return web.openapi_schema

    web.openapi = with_lane  # type: ignore[method-assign]


def _answer_errors(
    web: FastAPI, others: Mapping[str, Words], count_refusal: Callable[[str, str], None]
) -> None:
    """Answer what fails behind the lane, in the words of the protocol whose path was asked, and count it."""

    def answer(told: Told, request: Request) -> StarletteResponse:
        failed = Failed(request.method, route_path(request.scope), request_id(request))
        count_refusal(protocol_of(failed.path), told.code)
        return _starlette(http_errors.words_of(failed.path, others)(told, failed))

    async def failure(request: Request, error: Exception) -> StarletteResponse:
        return answer(http_errors.tell(error, request_id(request)), request)

    async def status(request: Request, error: HTTPException) -> StarletteResponse:
        said = "there is no such path; /docs shows those that there are"
        message = said if error.detail == "Not Found" else str(error.detail)
        return answer(http_errors.tell_status(error.status_code, message, dict(error.headers or {})), request)

    async def validation(request: Request, error: RequestValidationError) -> StarletteResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return await failure(request, InvalidInput(f"{where}: {first['msg']}"))

    web.add_exception_handler(ServingError, failure)
    web.add_exception_handler(HTTPException, status)  # type: ignore[arg-type]
    web.add_exception_handler(RequestValidationError, validation)  # type: ignore[arg-type]
    web.add_exception_handler(Exception, failure)


def _starlette(response: Response) -> StarletteResponse:
    return StarletteResponse(response.body, response.status, response.headers, response.content_type)
