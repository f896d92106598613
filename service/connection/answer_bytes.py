"""The bytes of a whole answer in HTTP/1.1."""

from http import HTTPStatus

from service.http_types import NOT_KEPT, Response

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_MOST_KEPT = 64

Defaults = list[tuple[bytes, bytes]]


class _Beginnings:
    """The status line and the headers that many answers share.

    uvicorn's default headers hold the date: once a second it replaces the list, and what was made
    from the old one goes.
    """

    def __init__(self) -> None:
        self._defaults: Defaults | None = None
        self._kept: dict[tuple[int, str], bytes] = {}

    def of(self, status: int, content_type: str, defaults: Defaults) -> bytes:
        """Return all up to the headers of one answer alone."""
        if defaults is not self._defaults or len(self._kept) > _MOST_KEPT:
            self._defaults = defaults
            self._kept.clear()
        known = self._kept.get((status, content_type))
        if known is None:
            first = f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {content_type}\r\n"
            known = first.encode() + b"".join(b"%b: %b\r\n" % header for header in (*defaults, NOT_KEPT))
            self._kept[status, content_type] = known
        return known


_beginnings = _Beginnings()


def encoded(response: Response, request_id: str, defaults: Defaults, last: bytes = b"") -> bytes:
    """Return an answer as it goes over the wire.

    Args:
        response: the answer.
        request_id: goes into its header.
        defaults: headers that every answer has.
        last: more headers, as they go over the wire.
    """
    status, body, content_type, more = response
    beginning = _beginnings.of(status, content_type, defaults)
    if more:
        last += b"".join(f"{name}: {value}\r\n".encode() for name, value in more.items())
    return b"%b%bcontent-length: %d\r\nx-request-id: %b\r\n\r\n%b" % (
        beginning,
        last,
        len(body),
        request_id.encode(),
        body,
    )
