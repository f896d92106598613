"""Compressed bodies: gzip, and deflate, which in HTTP is a zlib stream (RFC 9110, 8.4.1)."""

import zlib

from service.errors import MalformedBody, TooLarge, UnsupportedMediaType
from service.http_types import Headers, Response

_WINDOW_BITS = {"gzip": 31, "deflate": 15}
_PLAIN = ("", "identity")
_WORTH_IT = 1024
"""Bytes: a smaller answer goes in one packet as it is. Most clients in Python ask for compression unasked."""

_QUICK = 64 * 1024
"""Bytes that are compressed in a millisecond or less."""

_FAST = 1


def of_request(headers: Headers) -> str | None:
    """Return how a body is compressed; None where it is not.

    Raises:
        UnsupportedMediaType: in a way that is not read here.
    """
    given = headers.get(b"content-encoding")
    if given is None:
        return None
    encoding = given.decode("latin-1").strip().lower()
    if encoding in _PLAIN:
        return None
    if encoding not in _WINDOW_BITS:
        raise UnsupportedMediaType("a body may be compressed by gzip or deflate, or not at all")
    return encoding


def of_answer(headers: Headers) -> str | None:
    """Return how ``Accept-Encoding`` asks to compress the answer; None where it does not."""
    given = headers.get(b"accept-encoding")
    if given is None:
        return None
    for part in given.decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() in _WINDOW_BITS and parameters.replace(" ", "") not in ("q=0", "q=0.0"):
            return name.strip()
    return None


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body as it was before it was compressed.

    Raises:
        MalformedBody: it is damaged, cut short, or followed by something else.
        TooLarge: it holds more than `limit` bytes; no more than that is unpacked.
    """
    unpacker = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        found = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise MalformedBody(f"expected a body compressed by {encoding}; it cannot be read") from error
    if len(found) > limit:
        raise TooLarge(f"a body may have {limit} bytes when it is unpacked")
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedBody(f"expected a body compressed by {encoding}; it is cut short, or more follows it")
    return found


def compressed_quickly(response: Response, encoding: str | None) -> Response | None:
    """Return what `compressed` returns, or None where that takes too long for an event loop."""
    if encoding is None or len(response.body) < _WORTH_IT:
        return response
    return compressed(response, encoding) if len(response.body) <= _QUICK else None


def compressed(response: Response, encoding: str) -> Response:
    """Return a response with its body compressed."""
    packer = zlib.compressobj(_FAST, wbits=_WINDOW_BITS[encoding])
    body = packer.compress(response.body) + packer.flush()
    headers = {**response.headers, "content-encoding": encoding, "vary": "accept-encoding"}
    return response._replace(body=body, headers=headers)
