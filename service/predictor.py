"""The life of one prediction, apart from how its bytes come and go.

    asked = predictor.ask(...)          before the body: what is asked for, and of whom
    begun = predictor.begin(asked, body)  decoded and admitted; the answer is a future
    response = predictor.finish(begun)    when that is done

`service.lane` walks this way in a task, as an ASGI application; `service.protocol` without one, from the
callbacks of a connection.
"""

import asyncio
import time
from typing import NamedTuple

from service.batching import Rows
from service.codecs.bodies import BodyReader, Decoded
from service.dialects import native
from service.errors import InvalidInput, UnsupportedMediaType
from service.http_types import Headers, Response
from service.repository.registry import Registry, ServedVersion


class Asked(NamedTuple):
    """A request whose body is still to come; `deadline` in seconds of the monotonic clock."""

    model: str | None
    version: int | None
    wanted: native.AnswerOptions
    content_type: bytes
    deadline: float


class Begun(NamedTuple):
    """A request that was admitted; cancelling `answer` drops it."""

    served: ServedVersion
    wanted: native.AnswerOptions
    decoded: Decoded
    answer: asyncio.Future[Rows]

    @property
    def is_quick(self) -> bool:
        """Whether the rows are computed in the event loop, so that the answer is there almost at once."""
        return len(self.decoded.rows) <= self.served.loaded.inline_rows


class Predictor:
    """Decodes, admits and answers predictions. Belongs to one event loop."""

    def __init__(self, registry: Registry, bodies: BodyReader, default_timeout_s: float) -> None:
        self._registry = registry
        self._bodies = bodies
        self._default_timeout_s = default_timeout_s

    @property
    def max_body_bytes(self) -> int:
        """How large a body may be."""
        return self._bodies.limits.max_body_bytes

    def ask(self, target: native.Target, query: bytes, headers: Headers) -> Asked:
        """Check all that is known before the body is read.

        Raises:
            ServingError: the model, the version, the query or a header is refused.
        """
        model, version = target.model, native.version_of(target.version)
        wanted = native.options(query, headers.get(b"accept", b""))
        deadline = time.monotonic() + self._timeout_s(headers)
        self._registry.get(model, version)
        if headers.get(b"content-encoding", b"identity") not in (b"identity", b""):
            raise UnsupportedMediaType("a compressed body is not read here; send it without Content-Encoding")
        return Asked(model, version, wanted, headers.get(b"content-type", b""), deadline)

    def is_quick(self, asked: Asked, body: bytes) -> bool:
        """Whether `begin` takes about a millisecond at most."""
        return self._bodies.is_quick(body, asked.content_type)

    def begin(self, asked: Asked, body: bytes) -> Begun:
        """Decode and admit at once.

        Raises:
            ServingError: the body is refused, or there is no room.
        """
        # Between finding the version and submitting to it nothing may await, or a swap could come in between.
        served = self._registry.get(asked.model, asked.version)
        return self._admit(asked, served, self._decode(asked, served, body))

    async def begin_in_thread(self, asked: Asked, body: bytes) -> Begun:
        """Decode in a thread, and again where a swap comes in between; raises what `begin` raises."""
        while True:
            served = self._registry.get(asked.model, asked.version)
            decoded = await asyncio.to_thread(self._decode, asked, served, body)
            if self._registry.get(asked.model, asked.version) is served:
                return self._admit(asked, served, decoded)

    @staticmethod
    def finish(begun: Begun) -> Response:
        """Return the answer of a request whose future is done.

        Raises:
            ServingError: what the future raises.
        """
        served, wanted, decoded, answer = begun
        name = native.Name(served.model, served.version)
        return native.answer(name, answer.result(), served.loaded.signature, wanted, decoded)

    def _decode(self, asked: Asked, served: ServedVersion, body: bytes) -> Decoded:
        signature = served.loaded.signature
        asked.wanted.check(signature)
        return self._bodies.read(body, asked.content_type, signature)

    @staticmethod
    def _admit(asked: Asked, served: ServedVersion, decoded: Decoded) -> Begun:
        return Begun(served, asked.wanted, decoded, served.batcher.submit(decoded.rows, asked.deadline))

    def _timeout_s(self, headers: Headers) -> float:
        given = headers.get(b"x-timeout-ms")
        if not given:
            return self._default_timeout_s
        if not given.isdigit() or len(given) > 9 or int(given) == 0:
            raise InvalidInput("X-Timeout-Ms is a positive number of milliseconds")
        return int(given) / 1000
