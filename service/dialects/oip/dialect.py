"""The predict path of the Open Inference Protocol.

POST /v2/models/{name}/infer
POST /v2/models/{name}/versions/{version}/infer
"""

import re
from typing import NamedTuple

from service import http_errors
from service.codecs.bodies import QUICK_BINARY_BYTES, QUICK_JSON_BYTES, InputLimits
from service.codecs.checks import checked, checked_tensors
from service.dialects.oip.answer import JSON_LENGTH, answer
from service.dialects.oip.request import InferRequest, read, read_raw
from service.dialects.port import Name, Question, Target
from service.errors import InvalidInput, TooLarge
from service.http_types import Headers, Response
from service.rows import Rows
from service.signature import Signature

_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/([0-9]+))?/infer")
_JSON_LENGTH = JSON_LENGTH.encode()
_OPERATION = "infer"


class _Options(NamedTuple):
    """How many bytes of JSON there are; None for a body of nothing else, 0 for one without any."""

    json_length: int | None


class OpenInference:
    """The Open Inference Protocol; see `service.dialects.port.Dialect`."""

    compresses = True

    def __init__(self, limits: InputLimits) -> None:
        self._limits = limits

    def match(self, path: str) -> Target | None:
        """Return what an infer path asks for, or None for another path."""
        if not path.startswith("/v2/"):
            return None
        found = _PATH.fullmatch(path)
        return None if found is None else Target(self, _OPERATION, found[1], found[2])

    def options(self, target: Target, query: bytes, headers: Headers) -> _Options:
        """Read the header that says how much of the body is JSON.

        Raises:
            InvalidInput: it is no such number.
        """
        given = headers.get(_JSON_LENGTH)
        if given is None:
            return _Options(None)
        if not given.isdigit() or len(given) > 12:
            raise InvalidInput("Unable to parse Inference-Header-Content-Length: expected a number of bytes")
        return _Options(int(given))

    def read_quickly(self, body: bytes, options: _Options, signature: Signature) -> Question | None:
        """Read a body where that does not hold up an event loop."""
        limit = QUICK_JSON_BYTES if options.json_length is None else QUICK_BINARY_BYTES
        return self.read(body, options, signature) if len(body) <= limit else None

    def read(self, body: bytes, options: _Options, signature: Signature) -> Question:
        """Read a body."""
        length = options.json_length
        if length is not None and length > len(body):
            raise InvalidInput(f"inference header size should be in range (0, {len(body)})")
        request = read_raw(body, signature) if length == 0 else read(body, length, signature)
        return Question(self._rows(request, signature), request, request.timeout_s, request.priority)

    def _rows(self, request: InferRequest, signature: Signature) -> Rows:
        arrays = [one.view("u1") if one.dtype.kind == "b" else one for one in request.arrays]
        for tensor, array in zip(signature.inputs, arrays, strict=True):
            if len(array) > self._limits.max_rows:
                most = self._limits.max_rows
                raise TooLarge(f"input '{tensor.name}': at most {most} rows a request; got {len(array)}")
        if len(arrays) == 1:
            return checked(arrays[0], signature.input, signature.input.name)[0]
        return checked_tensors(arrays, signature.inputs)

    def answer(
        self, served: Name, outputs: Rows, signature: Signature, options: _Options, question: Question
    ) -> Response:
        """Return the answer to one request."""
        request: InferRequest = question.details
        return answer(served, outputs, signature, request)

    def failure(self, error: Exception, target: Target, request_id: str) -> Response:
        """Return the answer to a request that failed."""
        return http_errors.in_brief(http_errors.tell(error, request_id))

    def wrong_method(self, method: str, target: Target, request_id: str) -> Response:
        """Return the answer to another method than POST."""
        told = http_errors.tell_status(405, "Method Not Allowed; ask with POST", {"allow": "POST"})
        return http_errors.in_brief(told)
