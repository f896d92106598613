"""Modiste's own protocol: paths and query. `service.dialects.native_answer` writes the bodies of answers.

POST /predict
POST /models/{name}/predict
POST /models/{name}/versions/{version}/predict
POST /models/{name}/labels/{label}/predict
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from service import http_errors
from service.codecs import npy
from service.codecs.bodies import BodyReader
from service.dialects import names
from service.dialects.native_answer import PLAIN, AnswerOptions, answer, check
from service.dialects.port import Name, Question, Target
from service.errors import InvalidInput
from service.http_types import Headers, Response
from service.rows import Rows
from service.signature import Signature

_PATH = re.compile(r"(?:/models/([^/]+))?(?:/versions/([^/]+)|/labels/([^/]+))?/predict")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_OPERATION = "predict"


class _Options(NamedTuple):
    answer: AnswerOptions
    content_type: bytes


class Native:
    """Modiste's own protocol; see `service.dialects.port.Dialect`."""

    name = names.MODISTE
    compresses = False
    prioritizes = False

    def __init__(self, bodies: BodyReader) -> None:
        self._bodies = bodies
        self._default = Target(self, _OPERATION)

    def match(self, path: str) -> Target | None:
        """Return what a predict path asks for, or None for another path."""
        if path == "/predict":
            return self._default
        found = _PATH.fullmatch(path)
        if found is None or found[1] is None:
            return None
        return Target(self, _OPERATION, found[1], found[2], found[3])

    def options(self, target: Target, query: bytes, headers: Headers) -> _Options:
        """Read the query and the Accept header.

        Raises:
            InvalidInput: an unknown parameter, or a value that it does not take.
        """
        wanted = answer_options(query, headers.get(b"accept", b""))
        return _Options(wanted, headers.get(b"content-type", b""))

    def read_quickly(self, body: bytes, options: _Options, signature: Signature) -> Question | None:
        """Read a body where that does not hold up an event loop."""
        if options.answer != PLAIN:
            check(options.answer, signature)
        decoded = self._bodies.read_quickly(body, options.content_type, signature)
        return None if decoded is None else Question(decoded.rows, decoded)

    def read(self, body: bytes, options: _Options, signature: Signature) -> Question:
        """Read a body."""
        check(options.answer, signature)
        decoded = self._bodies.read(body, options.content_type, signature)
        return Question(decoded.rows, decoded)

    def answer(
        self, served: Name, outputs: Rows, signature: Signature, options: _Options, question: Question
    ) -> Response:
        """Return the answer to one request."""
        return answer(served, outputs, signature, options.answer, question.details)

    def failure(self, error: Exception, target: Target, request_id: str) -> Response:
        """Return the answer to a request that failed."""
        return http_errors.from_error(error, request_id)

    def wrong_method(self, method: str, target: Target, request_id: str) -> Response:
        """Return the answer to another method than POST."""
        return http_errors.from_status(405, "ask for predictions with POST", request_id, {"allow": "POST"})


@lru_cache(maxsize=256)
def answer_options(query: bytes, accept: bytes) -> AnswerOptions:
    """Read the query and the Accept header.

    Raises:
        InvalidInput: an unknown parameter, or a value that it does not take.
    """
    as_npy = npy.CONTENT_TYPE.encode() in accept
    top_k, with_probabilities = None, True
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name == "top_k":
            top_k = _positive(value)
        elif name == "probabilities":
            with_probabilities = _boolean(value)
        else:
            raise InvalidInput(f"unknown query parameter {name[:40]!r}; there are: top_k, probabilities")
    return AnswerOptions(top_k, with_probabilities, as_npy)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 10 or int(text) < 1:
        raise InvalidInput("top_k is a positive integer")
    return int(text)


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise InvalidInput("probabilities is true or false")
    return value
