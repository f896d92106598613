"""Failures in the words of the protocol: a status and ``{"error": "..."}``."""

import orjson

from service import http_errors
from service.http_types import Response

_KEPT = frozenset({401, 403, 404, 405, 500, 503, 504})
_INPUT = 400
_FULL = 429
_UNAVAILABLE = 503


def failure(error: Exception, request_id: str) -> Response:
    """Return the response of an error: 400 for every mistake of an input, 503 where there is no room."""
    status, _, message, headers = http_errors.tell(error, request_id)
    return response(status, message, dict(headers))


def response(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """Return a failure; its status is one that the protocol's servers answer with."""
    shown = _UNAVAILABLE if status == _FULL else status if status in _KEPT else _INPUT
    return Response(shown, orjson.dumps({"error": message}), headers=headers or {})
