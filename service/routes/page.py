"""`/` and `/page/{file}`: the page of the service, from files of this package.

They are read once. A browser keeps them and asks each time whether they are still the same, so that a
new version of the service is seen at once.
"""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from service import compression

router = APIRouter(include_in_schema=False)

_INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_HEADERS = {
    # Nothing from elsewhere, nothing inline, and in nobody's frame.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
    "vary": "accept-encoding",
}


class _File(NamedTuple):
    """A file as it is, and compressed where that makes it smaller."""

    content_type: str
    body: bytes
    packed: bytes | None
    etag: str


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """Return the page itself."""
    return _answer(request, _INDEX)


@router.api_route("/page/{path:path}", methods=["GET", "HEAD"])
async def part(request: Request, path: str) -> Response:
    """Return a file of the page."""
    return _answer(request, path)


def _answer(request: Request, path: str) -> Response:
    file = _files().get(path)
    if file is None:
        raise HTTPException(404)
    packed = file.packed if compression.of_answer(dict(request.scope["headers"])) == "gzip" else None
    # Two bodies, two tags; whoever has one of them has the file.
    tags = {f'"{file.etag}"', f'"{file.etag}-gzip"'}
    headers = {**_HEADERS, "etag": f'"{file.etag}-gzip"' if packed else f'"{file.etag}"'}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if tags & known:
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(packed or file.body, media_type=file.content_type, headers=headers)


@cache
def _files() -> dict[str, _File]:
    """Every file of the page by its path below the folder. Only what is in here can be asked for."""
    return dict(_below(files("service").joinpath("page"), ""))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, _File]]:
    found = []
    for entry in folder.iterdir():
        suffix = "." + entry.name.rpartition(".")[2]
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        elif suffix in _TYPES:
            body = entry.read_bytes()
            found.append((prefix + entry.name, _file(_TYPES[suffix], body)))
    return found


def _file(content_type: str, body: bytes) -> _File:
    packed = gzip.compress(body, 9, mtime=0)
    etag = hashlib.sha256(body).hexdigest()[:32]
    return _File(content_type, body, packed if len(packed) < len(body) else None, etag)
