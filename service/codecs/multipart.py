"""``multipart/form-data``: several files in one request, each a picture, ``.npy`` or raw bytes."""

from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import InvalidInput, MalformedBody, TooLarge

CONTENT_TYPE = "multipart/form-data"

MOST_PART_HEADERS = 7
MOST_PART_HEAD_BYTES = 4096
"""Of the headers of one part together. The parser has limits of its own, a little above."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a form: the name that the client gave it, its content type and its bytes."""

    name: str
    content_type: str
    body: bytes


def files(body: bytes, content_type: str, max_files: int) -> list[Part]:
    """Return the files of a form, in the order sent.

    Raises:
        MalformedBody: no readable form, or one that is cut short.
        InvalidInput: a form without a file, or with fields that are no file.
        TooLarge: more files, or headers of one, than allowed.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise MalformedBody("expected multipart/form-data with its boundary in Content-Type")
    form = _Form(max_files)
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise MalformedBody("expected multipart/form-data; it cannot be read") from error
    if not form.complete:
        raise MalformedBody("expected multipart/form-data; it ends before its last boundary")
    if not form.parts:
        raise InvalidInput("expected at least one file in the form; got none")
    return form.parts


class _Form:
    """Gathers parts from the parser's events, each of which names a stretch of the body."""

    def __init__(self, max_files: int) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._max_files = max_files
        self._headers: dict[bytes, bytes] = {}
        self._field = b""
        self._value = b""
        self._header_count = self._head_bytes = 0
        self._content: list[bytes] = []

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._headers, self._content = {}, []
        self._header_count = self._head_bytes = 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_head(end - start)
        self._value += data[start:end]

    def _count_head(self, more: int) -> None:
        self._head_bytes += more
        if self._head_bytes > MOST_PART_HEAD_BYTES or self._header_count >= MOST_PART_HEADERS:
            raise TooLarge(
                f"a part of a form may have {MOST_PART_HEADERS} headers, and {MOST_PART_HEAD_BYTES} bytes "
                "of them"
            )

    def _header_end(self) -> None:
        self._header_count += 1
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def _end(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition", b""))[1]
        field = _text(options.get(b"name", b""))
        if b"filename" not in options:
            raise InvalidInput(f"form field {field!r} is no file; expected files alone")
        if len(self.parts) == self._max_files:
            raise TooLarge(f"a form may have {self._max_files} files")
        name = _text(options[b"filename"]) or field
        self.parts.append(Part(name, _text(self._headers.get(b"content-type", b"")), b"".join(self._content)))

    def _finish(self) -> None:
        self.complete = True


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
