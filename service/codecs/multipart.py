"""``multipart/form-data``: several files in one request, each a picture, ``.npy`` or raw bytes."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import InvalidInput, MalformedBody

CONTENT_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a form: the name that the client gave it, its content type and its bytes."""

    name: str
    content_type: str
    body: bytes


async def files(body: bytes, content_type: str, max_files: int) -> list[Part]:
    """Return the files of a form, in the order sent.

    Raises:
        MalformedBody: no readable form, or more files than allowed.
        InvalidInput: a form without a file, or with fields that are no file.
    """

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    # No part is larger than the body, which is in memory within its own limit already.
    parser = MultiPartParser(
        Headers({"content-type": content_type}),
        once(),
        max_files=max_files,
        max_fields=16,
        max_part_size=len(body) + 1,
    )
    parser.spool_max_size = len(body) + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise MalformedBody(f"expected multipart/form-data with at most {max_files} files") from error
    try:
        parts = [await _part(field, value) for field, value in form.multi_items()]
    finally:
        await form.close()
    if not parts:
        raise InvalidInput("expected at least one file in the form; got none")
    return parts


async def _part(field: str, value: UploadFile | str) -> Part:
    if isinstance(value, str):
        raise InvalidInput(f"form field {field!r} is no file; expected files alone")
    return Part(value.filename or field, value.content_type or "", await value.read())
