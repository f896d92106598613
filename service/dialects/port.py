"""The port between the lanes and a protocol that clients speak: paths, bodies and answers, and nothing else.

A lane asks in this order, and stops where an error is raised, which `failure` turns into an answer:

    target = dialect.match(path)
    options = dialect.options(target, query, headers)      before the body is read
    question = dialect.read(body, options, signature)      once it is known which version answers
    response = dialect.answer(served, outputs, signature, options, question)
"""

from typing import Any, NamedTuple, Protocol

from service.batching.entry import NORMAL
from service.errors import InvalidInput
from service.http_types import Headers, Response
from service.rows import Rows
from service.signature import Signature


class Name(Protocol):
    """What answers: a model's name in URLs, and a version."""

    @property
    def model(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> int: ...  # noqa: D102


class Question(NamedTuple):
    """A request that was read.

    Attributes:
        rows: checked, as the engine takes them.
        details: what the dialect wants to see again when it answers.
        timeout_s: the answer is worth nothing later, where the body says so.
        priority: as `service.batching.pending.PendingQueue` knows it.
    """

    rows: Rows
    details: Any = None
    timeout_s: float | None = None
    priority: int = NORMAL


class Dialect(Protocol):
    """One protocol. Whatever `options` returns is its own and is handed back to it."""

    name: str
    """What it is called where requests are counted; one of `service.dialects.names`."""

    compresses: bool
    """Whether answers are compressed where ``Accept-Encoding`` asks for it."""

    prioritizes: bool
    """Whether bodies may state a priority. Where not, it is known before a body is read who is refused."""

    def match(self, path: str) -> "Target | None":
        """Return what a predict path asks for, or None for another path."""
        ...

    def options(self, target: "Target", query: bytes, headers: Headers) -> Any:
        """Read what stands outside the body.

        Raises:
            ServingError: it is refused.
        """
        ...

    def read_quickly(self, body: bytes, options: Any, signature: Signature) -> Question | None:
        """Return what `read` returns, or None where that takes too long for an event loop."""
        ...

    def read(self, body: bytes, options: Any, signature: Signature) -> Question:
        """Read a body for the version that answers.

        Raises:
            ServingError: it is refused.
        """
        ...

    def answer(
        self, served: Name, outputs: Rows, signature: Signature, options: Any, question: Question
    ) -> Response:
        """Return the answer to the model's raw outputs [n]."""
        ...

    def failure(self, error: Exception, target: "Target", request_id: str) -> Response:
        """Return the answer to a request that failed."""
        ...

    def wrong_method(self, method: str, target: "Target", request_id: str) -> Response:
        """Return the answer to another method than POST."""
        ...


class Target(NamedTuple):
    """What a path asks for, as it is written there; None for the default."""

    dialect: Dialect
    operation: str
    model: str | None = None
    version: str | None = None
    label: str | None = None


def version_of(text: str | None) -> int | None:
    """Return the version that a path names.

    Raises:
        InvalidInput: it is no positive integer.
    """
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) == 0:
        raise InvalidInput("a version is a positive integer")
    return int(text)
