"""The head of a request that was parsed before, so that the next one like it need not be.

A client sends the same head again and again; what changes is the length of the body. Bytes that are equal
mean what they meant, so they are compared instead of parsed.
"""

import re
from typing import NamedTuple, Self

from service.http_types import Headers
from service.predictor import Asked

_MAX_BYTES = 2048
_HEAD = re.compile(
    rb"(POST [^\r\n]+\r\n(?:[^\r\n]+\r\n)*?content-length: )([0-9]{1,9})(\r\n(?:[^\r\n]+\r\n)*\r\n)",
    re.IGNORECASE,
)


class RequestHead(NamedTuple):
    """What stands before and behind the number of the Content-Length, and what the whole means."""

    before: bytes
    behind: bytes
    asked: Asked
    headers: Headers

    @classmethod
    def of(cls, data: bytes, asked: Asked, headers: Headers) -> Self | None:
        """Return the head at the start of the data, which was parsed as a prediction; None if unusual."""
        found = _HEAD.match(data, 0, _MAX_BYTES)
        if found is None or found[2] != headers[b"content-length"]:
            return None
        return cls(found[1], found[3], asked, headers)

    def begins(self, data: bytes) -> tuple[int, int] | None:
        """Return the length of the body, and where it begins in the data; None behind any other head."""
        before, behind, _, _ = self
        start = len(before)
        end = data.find(b"\r", start, start + 10)
        length = data[start:end]
        if not (data.startswith(before) and length.isdigit() and data.startswith(behind, end)):
            return None
        return int(length), end + len(behind)
