"""The life of one prediction, apart from how its bytes come and go, whatever protocol its client speaks.

    target = predictor.match(path)
    asked = predictor.ask(target, ...)     before the body: what is asked for, and of whom
    ready = predictor.decode(asked, body)  its rows, for the version that answers now
    ready.served.batcher.submit(...)       its rows, at once, or a swap could come in between
    response = ready.respond(outputs)

`service.lane` walks this way in a task, as an ASGI application; `service.connection.protocol` without one,
from the callbacks of a connection. Each request is counted once, in the end: where it was answered by
`ready.served.counts.answered`, else by `predictor.count_failure`, or by `predictor.count_refusal` where it
was no prediction.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from service import compression, timing
from service.dialects.port import Dialect, Question, Target, version_of
from service.errors import InvalidInput, ServingError
from service.http_types import Headers, Response
from service.keys import Keys, Scope
from service.repository.registry import Registry, ServedVersion
from service.rows import Rows
from service.statistics.requests import reason_of

_PREDICT = Scope.PREDICT  # looked up once: Python 3.11 takes long to find a member of an enum


class Asked(NamedTuple):
    """What a request asks for, whatever its body; the answer is worth nothing after `timeout_s`.

    `packed` says how its body is compressed, and `packing` how the answer is to be; None for neither. `timed`
    says whether the answer is to tell its times (`service.timing`). `protocol` is the dialect's name, for
    whoever counts: it is looked up once.
    """

    target: Target
    version: int | None
    options: Any
    timeout_s: float
    packed: str | None
    packing: str | None
    timed: bool
    headers: Headers
    protocol: str

    def fail(self, error: Exception, request_id: str) -> Response:
        """Return the answer to this request where it fails."""
        return self.target.dialect.failure(error, self.target, request_id)


class Ready:
    """A request that is decoded for one version; it is for the caller to submit its rows to the batcher."""

    __slots__ = ("asked", "question", "served")

    def __init__(self, served: ServedVersion, asked: Asked, question: Question) -> None:
        self.served = served
        self.asked = asked
        self.question = question

    @property
    def timeout_s(self) -> float:
        """The answer is worth nothing later than so long after the request began."""
        stated = self.question.timeout_s
        return self.asked.timeout_s if stated is None else min(stated, self.asked.timeout_s)

    @property
    def is_quick(self) -> bool:
        """Whether the rows are computed in the event loop, so that the answer is there almost at once."""
        return len(self.question.rows) <= self.served.loaded.inline_rows

    def respond(self, outputs: Rows) -> Response:
        """Return the answer to the model's raw outputs [n]."""
        served, asked = self.served, self.asked
        dialect = asked.target.dialect
        return dialect.answer(served, outputs, served.loaded.signature, asked.options, self.question)


class Predictor:
    """Decodes requests for the versions that answer them. Belongs to one event loop."""

    def __init__(
        self,
        registry: Registry,
        dialects: Sequence[Dialect],
        keys: Keys,
        *,
        max_body_bytes: int,
        default_timeout_s: float,
        count_refusal: Callable[[str, str], None] = lambda protocol, reason: None,
    ) -> None:
        self._registry = registry
        self._dialects = dialects
        self._keys = keys
        self.max_body_bytes = max_body_bytes
        self._default_timeout_s = default_timeout_s
        self.count_refusal = count_refusal  # of a protocol, for a reason: what is no version's

    def match(self, path: str) -> Target | None:
        """Return what a path asks for in the dialect that knows it, or None for a path that none knows."""
        for dialect in self._dialects:
            target = dialect.match(path)
            if target is not None:
                return target
        return None

    def ask(self, target: Target, query: bytes, headers: Headers) -> Asked:
        """Check all that is known before the body is read.

        Raises:
            ServingError: the key, the model, the version, the query or a header is refused.
        """
        self._keys.require(headers, _PREDICT)
        version = version_of(target.version)
        options = target.dialect.options(target, query, headers)
        timeout_s = self._timeout_s(headers)
        self._registry.get(target.model, version, target.label)
        packed = compression.of_request(headers)
        packing = compression.of_answer(headers) if target.dialect.compresses else None
        timed, protocol = timing.is_wanted(headers), target.dialect.name
        return Asked(target, version, options, timeout_s, packed, packing, timed, headers, protocol)

    def decode(self, asked: Asked, body: bytes) -> Ready | None:
        """Decode a body at once; None where that would hold up the event loop, and a thread is to do it.

        Raises:
            ServingError: it is refused.
        """
        # Again, for a connection asks once for many requests, and keys are removed.
        self._keys.require(asked.headers, _PREDICT)
        target = asked.target
        served = self._registry.get(target.model, asked.version, target.label)
        if not target.dialect.prioritizes:
            served.batcher.check_room(asked.timeout_s)
        if asked.packed is not None:
            return None
        question = target.dialect.read_quickly(body, asked.options, served.loaded.signature)
        return None if question is None else Ready(served, asked, question)

    async def decode_in_thread(self, asked: Asked, body: bytes) -> Ready:
        """Decode in a thread, and again where a swap comes in between.

        Raises:
            ServingError: the body is refused.
        """
        if asked.packed is not None:
            body = await asyncio.to_thread(compression.decompressed, body, asked.packed, self.max_body_bytes)
        target = asked.target
        while True:
            served = self._registry.get(target.model, asked.version, target.label)
            signature = served.loaded.signature
            question = await asyncio.to_thread(target.dialect.read, body, asked.options, signature)
            if self._registry.get(target.model, asked.version, target.label) is served:
                return Ready(served, asked, question)

    def count_failure(
        self, target: Target, served: ServedVersion | None, error: BaseException, seconds: float
    ) -> None:
        """Count a request that gets no answer, for the version that it asked, or as nobody's.

        Args:
            target: what the request asked for.
            served: the version for which it was decoded; None where it did not come so far.
            error: why; `ClientGone`, or a cancellation, where its client left.
            seconds: since the request came.
        """
        if served is None:
            try:
                served = self._registry.get(target.model, version_of(target.version), target.label)
            except ServingError:
                self.count_refusal(target.dialect.name, reason_of(error))
                return
        served.counts.failed(target.dialect.name, reason_of(error), seconds)

    def _timeout_s(self, headers: Headers) -> float:
        given = headers.get(b"x-timeout-ms")
        if not given:
            return self._default_timeout_s
        if not given.isdigit() or len(given) > 9 or int(given) == 0:
            raise InvalidInput("X-Timeout-Ms is a positive number of milliseconds")
        return int(given) / 1000
