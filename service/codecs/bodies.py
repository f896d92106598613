"""The one table from content type to decoder, and the way of a whole request body to checked rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.codecs import image, json_explain, json_rows, multipart, npy, raw
from service.codecs.checks import NO_WARNINGS, checked, checked_tensors
from service.errors import InvalidInput, MalformedBody, ServingError, TooLarge, UnsupportedMediaType
from service.rows import Rows
from service.signature import Input, Signature

Decoder = Callable[[bytes, Input], NDArray[Any]]

_PLAIN = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")
_SUFFIXES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".npy": npy.CONTENT_TYPE}


@dataclass(frozen=True, slots=True)
class InputLimits:
    """What one request may hold."""

    max_body_bytes: int
    max_rows: int
    max_image_pixels: int
    max_files: int


class Decoded(NamedTuple):
    """Checked rows [n], as the engine takes them; `files` names the source of each row of a form."""

    rows: Rows
    warnings: Sequence[str] = NO_WARNINGS
    files: list[str] | None = None


QUICK_BINARY_BYTES = 1024 * 1024
"""An ``.npy`` body up to so many bytes is read in two milliseconds or less."""


class _Quick(NamedTuple):
    """How a body of up to `most_bytes` is read in two milliseconds or less, where that can be done."""

    media_type: str
    most_bytes: int
    rows: Callable[[bytes, Input], NDArray[Any] | None]


_QUICK = {
    quick.media_type: quick
    for quick in (
        _Quick(json_rows.CONTENT_TYPE, json_rows.QUICK_BYTES, json_rows.decode_quickly),
        _Quick(npy.CONTENT_TYPE, QUICK_BINARY_BYTES, npy.decode),
        _Quick(raw.CONTENT_TYPE, 4 * 1024 * 1024, raw.decode),
    )
}
"""Pictures are not among them: some kilobytes may unpack to millions of pixels."""


class BodyReader:
    """Turns request bodies into rows, within limits."""

    def __init__(self, limits: InputLimits) -> None:
        self.limits = limits
        self._decoders: dict[str, Decoder] = {
            json_rows.CONTENT_TYPE: json_rows.decode,
            npy.CONTENT_TYPE: npy.decode,
            raw.CONTENT_TYPE: raw.decode,
            **dict.fromkeys(image.CONTENT_TYPES, self._image),
        }

    def read_quickly(self, body: bytes, content_type: bytes, signature: Signature) -> Decoded | None:
        """Return what `read` returns, or None where that takes too long for an event loop."""
        quick, tensor = _quick(content_type), signature.sole_input
        if quick is None or not 0 < len(body) <= quick.most_bytes:
            return None
        if tensor is None:
            return self.read(body, content_type, signature) if len(body) <= json_explain.QUICK_BYTES else None
        rows = quick.rows(body, tensor)
        return None if rows is None else self._checked(rows, tensor)

    def read(self, body: bytes, content_type: bytes, signature: Signature) -> Decoded:
        """Return the checked rows of a body; one without a content type is taken for JSON.

        Raises:
            UnsupportedMediaType, MalformedBody, InvalidInput, TooLarge: see `service.codecs`.
        """
        media_type = _media_type(content_type)
        tensor = signature.sole_input
        if tensor is not None and media_type == multipart.CONTENT_TYPE:
            header = content_type.decode("latin-1")
            return self._read_parts(multipart.files(body, header, self.limits.max_files), tensor)
        if tensor is not None:
            return self._checked(self._decode(body, media_type, tensor), tensor)
        if media_type != json_rows.CONTENT_TYPE:
            names = ", ".join(tensor.name for tensor in signature.inputs)
            raise UnsupportedMediaType(f"a model of the inputs {names} takes {json_rows.CONTENT_TYPE} alone")
        arrays = json_explain.read(body, signature.inputs)
        self._check_count(len(arrays[0]))
        return Decoded(checked_tensors(arrays, signature.inputs))

    def _decode(self, body: bytes, media_type: str, tensor: Input) -> NDArray[Any]:
        decoder = self._decoders.get(media_type)
        if decoder is None:
            known = ", ".join([*self._decoders, multipart.CONTENT_TYPE])
            raise UnsupportedMediaType(f"expected one of {known}; got {_shown(media_type)}")
        if not body:
            raise MalformedBody(f"expected a body of {media_type}; got an empty one")
        return decoder(body, tensor)

    def _checked(self, rows: NDArray[Any], tensor: Input, files: list[str] | None = None) -> Decoded:
        self._check_count(len(rows))
        good, warnings = checked(rows, tensor)
        return Decoded(good, warnings, files)

    def _check_count(self, count: int) -> None:
        if count > self.limits.max_rows:
            raise TooLarge(f"one request may hold {self.limits.max_rows} rows; got {count}")

    def _read_parts(self, parts: list[multipart.Part], tensor: Input) -> Decoded:
        arrays, names = [], []
        for part in parts:
            try:
                rows = self._decode(part.body, _part_type(part), tensor)
            except ServingError as error:
                raise type(error)(f"file {part.name!r}: {error.message}") from error
            arrays.append(rows)
            names += [part.name] * len(rows)
        if len({rows.shape[1:] for rows in arrays}) > 1:
            raise InvalidInput("the files of one form must hold rows of one shape")
        return self._checked(np.concatenate(arrays), tensor, names)

    def _image(self, body: bytes, tensor: Input) -> NDArray[Any]:
        return image.decode(body, tensor, self.limits.max_image_pixels)


@lru_cache(maxsize=256)
def _quick(content_type: bytes) -> _Quick | None:
    return _QUICK.get(_media_type(content_type))


@lru_cache(maxsize=256)
def _media_type(content_type: bytes) -> str:
    """Return the media type of a Content-Type header, without its parameters."""
    return content_type.decode("latin-1").partition(";")[0].strip().lower() or json_rows.CONTENT_TYPE


def _shown(media_type: str) -> str:
    """A content type as a message may repeat it, with help for the commonest mistake."""
    if media_type == "application/x-www-form-urlencoded":
        return f"{media_type}, which curl -d sends by itself: add -H 'content-type: application/json'"
    return media_type if _PLAIN.fullmatch(media_type) else "something else"


def _part_type(part: multipart.Part) -> str:
    """The type that the part states; from the file's name where it states none worth knowing."""
    stated = part.content_type.partition(";")[0].strip().lower()
    if stated and stated != raw.CONTENT_TYPE:
        return stated
    suffix = "." + part.name.rpartition(".")[2].lower()
    return _SUFFIXES.get(suffix, raw.CONTENT_TYPE)
