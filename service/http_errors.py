"""The one table from errors to HTTP, and the one body that every failure has.

{"error": {"code": "invalid_input", "message": "...", "request_id": "..."}}
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson

from service import errors
from service.http_types import Response

logger = logging.getLogger(__name__)

STATUS: dict[type[errors.ServingError], int] = {
    errors.MalformedBody: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.ModelNotFound: 404,
    errors.LabelNotFound: 404,
    errors.DatasetNotFound: 404,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.InvalidInput: 422,
    errors.Overloaded: 429,
    errors.ModelFailure: 500,
    errors.ModelNotReady: 503,
    errors.ModelFailed: 503,
    errors.StateUnavailable: 503,
    errors.ShuttingDown: 503,
    errors.DeadlineExceeded: 504,
}
"""Whose fault it is decides: 4xx what the client can mend, 5xx what it cannot."""

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
        logger.error("unexpected error in request %s", request_id, exc_info=error)
        return Told(500, INTERNAL_CODE, INTERNAL_MESSAGE, {})
    if isinstance(error, errors.ModelFailure):
        logger.error("model failure in request %s", request_id, exc_info=error)
    return Told(STATUS[type(error)], error.code, error.message, _headers(error))


def _headers(error: errors.ServingError) -> Mapping[str, str]:
    if isinstance(error, errors.Overloaded):
        return {"retry-after": str(error.retry_after_s)}
    return {"www-authenticate": "Bearer"} if isinstance(error, errors.Unauthorized) else {}


def from_error(error: Exception, request_id: str) -> Response:
    """Return the response of an error in our own protocol."""
    status, code, message, headers = tell(error, request_id)
    return Response(status, body(code, message, request_id), headers=headers)


def from_status(status: int, message: str, request_id: str, headers: dict[str, str]) -> Response:
    """Return the response of a bare HTTP status, such as a router's own 404 and 405."""
    code = HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    return Response(status, body(code, message, request_id), headers=headers)


def body(code: str, message: str, request_id: str) -> bytes:
    """Return the JSON body of a failure."""
    return orjson.dumps({"error": {"code": code, "message": message, "request_id": request_id}})


def invalid(message: str, request_id: str) -> Response:
    """Return the response to a request whose path or query does not fit, found by the router."""
    return from_error(errors.InvalidInput(message), request_id)
