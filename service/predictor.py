"""The life of one prediction, apart from how its bytes come and go.

    asked = predictor.ask(...)             before the body: what is asked for, and of whom
    ready = predictor.decode(asked, body)  its rows, for the version that answers now
    ready.batcher.submit(ready.rows, ...)  at once, or a swap could come in between
    response = ready.respond(outputs)

`service.lane` walks this way in a task, as an ASGI application; `service.protocol` without one, from the
callbacks of a connection.
"""

import asyncio
from typing import NamedTuple

from service.batching import Batcher
from service.codecs.bodies import BodyReader, Decoded
from service.dialects import native
from service.errors import InvalidInput, UnsupportedMediaType
from service.http_types import Headers, Response
from service.pending import Rows
from service.repository.registry import Registry, ServedVersion


class Asked(NamedTuple):
    """What a request asks for, whatever its body; the answer is worth nothing after `timeout_s`."""

    model: str | None
    version: int | None
    wanted: native.AnswerOptions
    content_type: bytes
    timeout_s: float


class Ready(NamedTuple):
    """A request that is decoded for one version; it is for the caller to submit its rows to the batcher."""

    served: ServedVersion
    wanted: native.AnswerOptions
    decoded: Decoded

    @property
    def rows(self) -> Rows:
        """Rows [n, *shape of the model's input]."""
        return self.decoded.rows

    @property
    def batcher(self) -> Batcher:
        """Of the version that answers."""
        return self.served.batcher

    @property
    def is_quick(self) -> bool:
        """Whether the rows are computed in the event loop, so that the answer is there almost at once."""
        return len(self.decoded.rows) <= self.served.loaded.inline_rows

    def respond(self, outputs: Rows) -> Response:
        """Return the answer to the model's raw outputs [n, units]."""
        served = self.served
        name = native.Name(served.model, served.version)
        return native.answer(name, outputs, served.loaded.signature, self.wanted, self.decoded)


class Predictor:
    """Decodes requests for the versions that answer them. Belongs to one event loop."""

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
        timeout_s = self._timeout_s(headers)
        self._registry.get(model, version)
        if headers.get(b"content-encoding", b"identity") not in (b"identity", b""):
            raise UnsupportedMediaType("a compressed body is not read here; send it without Content-Encoding")
        return Asked(model, version, wanted, headers.get(b"content-type", b""), timeout_s)

    def decode(self, asked: Asked, body: bytes) -> Ready | None:
        """Decode a body at once; None where that would hold up the event loop, and a thread is to do it.

        Raises:
            ServingError: it is refused.
        """
        served = self._registry.get(asked.model, asked.version)
        asked.wanted.check(served.loaded.signature)
        decoded = self._bodies.read_quickly(body, asked.content_type, served.loaded.signature)
        return None if decoded is None else Ready(served, asked.wanted, decoded)

    async def decode_in_thread(self, asked: Asked, body: bytes) -> Ready:
        """Decode in a thread, and again where a swap comes in between.

        Raises:
            ServingError: the body is refused.
        """
        while True:
            served = self._registry.get(asked.model, asked.version)
            ready = await asyncio.to_thread(self._decode, asked, served, body)
            if self._registry.get(asked.model, asked.version) is served:
                return ready

    def _decode(self, asked: Asked, served: ServedVersion, body: bytes) -> Ready:
        signature = served.loaded.signature
        asked.wanted.check(signature)
        decoded = self._bodies.read(body, asked.content_type, signature)
        return Ready(served, asked.wanted, decoded)

    def _timeout_s(self, headers: Headers) -> float:
        given = headers.get(b"x-timeout-ms")
        if not given:
            return self._default_timeout_s
        if not given.isdigit() or len(given) > 9 or int(given) == 0:
            raise InvalidInput("X-Timeout-Ms is a positive number of milliseconds")
        return int(given) / 1000
