"""The one table from errors to HTTP, and the body that a failure has in our own protocol.

{"error": {"code": "invalid_input", "message": "...", "request_id": "..."}}

Another protocol has its own `Words` for the failures under its paths.
"""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson

from service import errors
from service.http_types import Response

logger = logging.getLogger(__name__)

STATUS: dict[type[errors.ServingError], int] = {
    errors.MalformedBody: 400,
    errors.MalformedRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.ModelNotFound: 404,
    errors.LabelNotFound: 404,
    errors.DatasetNotFound: 404,
    errors.ImagesNotFound: 404,
    errors.SlowSender: 408,
    errors.HeadTooLarge: 431,
    errors.TooLarge: 413,
    errors.UrlTooLong: 414,
    errors.UnsupportedMediaType: 415,
    errors.InvalidInput: 422,
    errors.Overloaded: 429,
    errors.ModelFailure: 500,
    errors.TooManyConnections: 503,
    errors.ModelNotReady: 503,
    errors.ModelFailed: 503,
    errors.StateUnavailable: 503,
    errors.ShuttingDown: 503,
    errors.DeadlineExceeded: 504,
}
"""Whose fault it is decides: 4xx what the client can mend, 5xx what it cannot."""

_BRIEF = {408: 400, 413: 400, 415: 400, 422: 400, 429: 503}
"""Where a protocol has fewer statuses, those that stand for ours."""

INTERNAL_CODE = "internal"
INTERNAL_MESSAGE = "something failed in the server; its log tells more under this request id"


class Told(NamedTuple):
    """What a client is told of an error, in whatever form its protocol has for it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str]


def tell(error: Exception, request_id: str) -> Told:
    """Return what to tell of an error, and log what is for the log; one not of our tree tells nothing."""
    if not isinstance(error, errors.ServingError):
        logger.error(
            "unexpected error in request %s", request_id, exc_info=error, extra={"request_id": request_id}
        )
        return Told(500, INTERNAL_CODE, INTERNAL_MESSAGE, {})
    if isinstance(error, errors.ModelFailure):
        logger.error(
            "model failure in request %s", request_id, exc_info=error, extra={"request_id": request_id}
        )
    return Told(STATUS[type(error)], error.code, error.message, _headers(error))


def _headers(error: errors.ServingError) -> Mapping[str, str]:
    if isinstance(error, errors.Overloaded | errors.TooManyConnections):
        return {"retry-after": str(error.retry_after_s)}
    return {"www-authenticate": "Bearer"} if isinstance(error, errors.Unauthorized) else {}


def tell_status(status: int, message: str, headers: Mapping[str, str]) -> Told:
    """Return what to tell of a bare HTTP status, such as a router's own 404 and 405."""
    code = HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    return Told(status, code, message, headers)


class Failed(NamedTuple):
    """A request that failed, whatever the reason; `path` is without the root path."""

    method: str
    path: str
    request_id: str


Words = Callable[[Told, Failed], Response]
"""How a protocol says that a request under its paths failed."""


def words_of(path: str, others: Mapping[str, Words]) -> Words:
    """Return the words of the protocol that a path belongs to: of `others`, by prefix, or else our own.

    Args:
        path: of a request.
        others: by the prefix of their paths, such as ``/v2/``, in small letters.
    """
    whole = f"{path.lower()}/"
    return next((words for prefix, words in others.items() if whole.startswith(prefix)), in_our_words)


def in_our_words(told: Told, failed: Failed) -> Response:
    """Return the response of a failure in our own protocol."""
    return _ours(told, failed.request_id)


def in_brief(told: Told) -> Response:
    """Return the response of a failure where it is one text and there are few statuses: ``{"error": "..."}``.

    So it is in the protocols of TensorFlow Serving and Triton: 400 for whatever is wrong with a
    request, and 503 for a server that is full.
    """
    status = _BRIEF.get(told.status, told.status)
    return Response(status, orjson.dumps({"error": told.message}), headers=told.headers)


def from_error(error: Exception, request_id: str) -> Response:
    """Return the response of an error in our own protocol."""
    return _ours(tell(error, request_id), request_id)


def from_status(status: int, message: str, request_id: str, headers: dict[str, str]) -> Response:
    """Return the response of a bare HTTP status in our own protocol."""
    return _ours(tell_status(status, message, headers), request_id)


def _ours(told: Told, request_id: str) -> Response:
    status, code, message, headers = told
    said = {"error": {"code": code, "message": message, "request_id": request_id}}
    return Response(status, orjson.dumps(said), headers=headers)
