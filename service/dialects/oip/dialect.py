"""The predict path of the Open Inference Protocol.

POST /v2/models/{name}/infer
POST /v2/models/{name}/versions/{version}/infer
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service import http_errors
from service.codecs import json_rows
from service.codecs.bodies import QUICK_BINARY_BYTES, InputLimits
from service.codecs.checks import NO_WARNINGS, checked, checked_tensors
from service.dialects import names
from service.dialects.oip.answer import JSON_LENGTH, answer
from service.dialects.oip.body import numbers, split
from service.dialects.oip.request import Head, raw_head, read_head
from service.dialects.oip.tensors import Source
from service.dialects.port import Name, Question, Target
from service.errors import InvalidInput, MalformedBody, TooLarge
from service.http_types import Headers, Response
from service.rows import Rows
from service.signature import Signature

_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")
_JSON_LENGTH = JSON_LENGTH.encode()
_OPERATION = "infer"
_MOST_KEPT = 256
_MOST_KEPT_BYTES = 4096


class _Options(NamedTuple):
    """How many bytes of JSON there are; None for a body of nothing else, 0 for one without any."""

    json_length: int | None


class OpenInference:
    """The Open Inference Protocol; see `service.dialects.port.Dialect`."""

    name = names.OPEN_INFERENCE
    compresses = True
    prioritizes = True

    def __init__(self, limits: InputLimits) -> None:
        self._limits = limits
        self._kept: dict[tuple[bool, bytes], tuple[Signature, Head]] = {}

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
        limit = json_rows.QUICK_BYTES if options.json_length is None else QUICK_BINARY_BYTES
        return self.read(body, options, signature) if len(body) <= limit else None

    def read(self, body: bytes, options: _Options, signature: Signature) -> Question:
        """Read a body."""
        if options.json_length is None:
            head, behind = self._json_alone(body, signature), memoryview(b"")
        else:
            head, behind = self._with_bytes(body, options.json_length, signature)
        rows, warnings = self._rows(head, behind, signature)
        return Question(rows, (head, warnings), head.timeout_s, head.priority)

    def _json_alone(self, body: bytes, signature: Signature) -> Head:
        parts = split(body)
        if parts is not None:
            with suppress(MalformedBody):  # what is wrong is said of the whole
                head = self._kept_head(parts.head, signature, apart=True)
                if len(head.sources) == 1 and not head.behind:
                    source = head.sources[0]
                    return head._replace(sources=(source.holding(numbers(parts.data, source.datatype)),))
        return self._without_bytes(read_head(body, signature))

    def _without_bytes(self, head: Head) -> Head:
        if head.behind:
            raise InvalidInput(
                f"unexpected size for the inputs, expecting {head.behind} additional bytes "
                "and the header Inference-Header-Content-Length"
            )
        return head

    def _with_bytes(self, body: bytes, length: int, signature: Signature) -> tuple[Head, memoryview]:
        if length > len(body):
            raise InvalidInput(f"inference header size should be in range (0, {len(body)})")
        if length == 0:
            return raw_head(len(body), signature), memoryview(body)
        head, behind = self._kept_head(body[:length], signature, apart=False), memoryview(body)[length:]
        extra = len(behind) - head.behind
        if extra < 0:
            raise InvalidInput(f"unexpected size for the inputs, expecting {-extra} additional bytes")
        if extra > 0:
            raise InvalidInput(f"unexpected additional input data: {extra} bytes behind the last tensor")
        return head, behind

    def _kept_head(self, head: bytes, signature: Signature, *, apart: bool) -> Head:
        """Read the JSON without its numbers, which a client mostly sends again and again."""
        if len(head) > _MOST_KEPT_BYTES:
            return read_head(head, signature, apart=apart)
        kept = self._kept.get((apart, head))
        if kept is not None and kept[0] is signature:
            return kept[1]
        read = read_head(head, signature, apart=apart)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[apart, head] = (signature, read)
        return read

    def _rows(self, head: Head, behind: memoryview, signature: Signature) -> tuple[Rows, Sequence[str]]:
        arrays = [self._array(source, behind) for source in head.sources]
        if len(arrays) == 1:
            return checked(arrays[0], signature.input, signature.input.name)
        return checked_tensors(arrays, signature.inputs), NO_WARNINGS

    def _array(self, source: Source, behind: memoryview) -> NDArray[Any]:
        rows, most = source.shape[0], self._limits.max_rows
        if rows > most:
            raise TooLarge(f"input '{source.tensor.name}': at most {most} rows a request; got {rows}")
        array = source.read(behind)
        return array.view(np.uint8) if array.dtype.kind == "b" else array

    def answer(
        self, served: Name, outputs: Rows, signature: Signature, options: _Options, question: Question
    ) -> Response:
        """Return the answer to one request."""
        head, warnings = question.details
        response = answer(served, outputs, signature, head)
        return (
            response
            if not warnings
            else response._replace(headers={**response.headers, "x-warning": warnings[0]})
        )

    def failure(self, error: Exception, target: Target, request_id: str) -> Response:
        """Return the answer to a request that failed."""
        return http_errors.in_brief(http_errors.tell(error, request_id))

    def wrong_method(self, method: str, target: Target, request_id: str) -> Response:
        """Return the answer to another method than POST."""
        told = http_errors.tell_status(405, "Method Not Allowed; ask with POST", {"allow": "POST"})
        return http_errors.in_brief(told)
