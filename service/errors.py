"""The domain errors of serving.

    ServingError
    ├── SlowSender             a request that did not become complete in time
    ├── HeadTooLarge           a request with too many headers, or too large ones
    ├── UrlTooLong             a request whose URL is too long
    ├── MalformedRequest       what came is no request of HTTP/1.1
    ├── TooManyConnections     as many clients are connected as there may be
    ├── MalformedBody          the bytes are not what their content type says
    ├── InvalidInput           well-formed, and not what the model takes
    ├── UnsupportedMediaType   a content type or encoding that is not read here
    ├── TooLarge               a body, a picture or a number of rows over its limit
    ├── Unauthorized           a key is needed, and none or an unknown one came
    ├── Forbidden              the key does not allow this
    ├── ModelNotFound          no such model or version
    ├── LabelNotFound          the model has no such label
    ├── DatasetNotFound        no such data set on this server
    ├── ImagesNotFound         the version's report has no test images
    ├── ModelNotReady          known, and not able to answer yet
    ├── ModelFailed            known, and could not be loaded; it will not answer until it changes
    ├── StateUnavailable       what operators decided cannot be read or written
    ├── Overloaded             too many rows are waiting
    ├── DeadlineExceeded       the caller's time ran out before the answer was computed
    ├── ShuttingDown           the server is stopping
    └── ModelFailure           the engine failed on valid input

They carry data and know no protocol: `service.http_errors` holds the one table to status and body.
Messages say what was expected, what came and where, and never repeat a value that a client sent.
"""

from typing import ClassVar


class ServingError(Exception):
    """The root; `code` is the stable word by which clients tell errors apart."""

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SlowSender(ServingError):
    """A request that did not become complete in time."""

    code = "request_timeout"


class HeadTooLarge(ServingError):
    """A request with too many headers, or too large ones."""

    code = "head_too_large"


class UrlTooLong(ServingError):
    """A request whose URL is too long."""

    code = "url_too_long"


class MalformedRequest(ServingError):
    """What came is no request of HTTP/1.1."""

    code = "malformed_request"


class TooManyConnections(ServingError):
    """As many clients are connected as there may be; `retry_after_s` as for `Overloaded`."""

    code = "too_many_connections"
    retry_after_s = 1


class MalformedBody(ServingError):
    """The bytes are not what their content type says."""

    code = "malformed_body"


class InvalidInput(ServingError):
    """Well-formed, and not what the model takes."""

    code = "invalid_input"


class UnsupportedMediaType(ServingError):
    """A content type or a content encoding that is not read here."""

    code = "unsupported_media_type"


class TooLarge(ServingError):
    """A body, a picture or a number of rows over its limit."""

    code = "too_large"


class Unauthorized(ServingError):
    """A key is needed, and none or an unknown one came."""

    code = "unauthorized"


class Forbidden(ServingError):
    """The key does not allow this."""

    code = "forbidden"


class ModelNotFound(ServingError):
    """No such model or version."""

    code = "model_not_found"


class LabelNotFound(ServingError):
    """The model has no such label."""

    code = "label_not_found"


class DatasetNotFound(ServingError):
    """No such data set on this server."""

    code = "dataset_not_found"


class ImagesNotFound(ServingError):
    """The version's report has no test images."""

    code = "images_not_found"


class ModelNotReady(ServingError):
    """Known, and not able to answer yet."""

    code = "model_not_ready"


class ModelFailed(ServingError):
    """Known, and could not be loaded; it will not answer until it changes."""

    code = "model_failed"


class StateUnavailable(ServingError):
    """What operators decided cannot be read or written."""

    code = "state_unavailable"


class Overloaded(ServingError):
    """Too many rows are waiting; `retry_after_s` is when to try again, in whole seconds."""

    code = "overloaded"

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(ServingError):
    """The caller's time ran out before the answer was computed."""

    code = "deadline_exceeded"


class ShuttingDown(ServingError):
    """The server, or this version of the model, is stopping."""

    code = "shutting_down"


class ModelFailure(ServingError):
    """The engine failed on valid input; the cause goes to the log, not to the client."""

    code = "model_failure"
