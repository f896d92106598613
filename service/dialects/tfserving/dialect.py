"""TensorFlow Serving at the port: predict, classify and regress. The rest is `service.routes.tfserving`."""

from service import http_errors
from service.codecs.bodies import InputLimits
from service.dialects import names
from service.dialects.port import Name, Question, Target
from service.dialects.tfserving import paths, words
from service.dialects.tfserving.answers import answer, check
from service.dialects.tfserving.reading import Reader
from service.http_types import Headers, Response
from service.rows import Rows
from service.signature import Signature


class TensorFlowServing:
    """TensorFlow Serving; see `service.dialects.port.Dialect`. The options of a request are its operation."""

    name = names.TENSORFLOW_SERVING
    compresses = True
    prioritizes = False

    def __init__(self, limits: InputLimits) -> None:
        self._reader = Reader(limits)

    def match(self, path: str) -> Target | None:
        """Return what a path of predictions asks for, or None for another path."""
        place = paths.prediction(path)
        return None if place is None else Target(self, *place)

    def options(self, target: Target, query: bytes, headers: Headers) -> str:
        """Return the operation. The query and the content type mean nothing to TensorFlow Serving."""
        return target.operation

    def read_quickly(self, body: bytes, options: str, signature: Signature) -> Question | None:
        """Read a body where that does not hold up an event loop."""
        check(options, signature)
        return self._reader.read_quickly(body, options, signature)

    def read(self, body: bytes, options: str, signature: Signature) -> Question:
        """Read a body."""
        check(options, signature)
        return self._reader.read(body, options, signature)

    def answer(
        self, served: Name, outputs: Rows, signature: Signature, options: str, question: Question
    ) -> Response:
        """Return the answer to one request."""
        return answer(options, outputs, signature, question.details)

    def failure(self, error: Exception, target: Target, request_id: str) -> Response:
        """Return the answer to a request that failed."""
        return words.failure(http_errors.tell(error, request_id), _place(target))

    def wrong_method(self, method: str, target: Target, request_id: str) -> Response:
        """Return the answer to another method than POST."""
        return words.malformed(method, _place(target).path)


def _place(target: Target) -> paths.Place:
    return paths.Place(target.operation, target.model, target.version, target.label)
