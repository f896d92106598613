"""Headers that tell browsers what not to do with answers."""

import base64
import hashlib
import re

from service.http_types import App, Message, Receive, Scope, Send

EVERY_ANSWER = (("x-content-type-options", "nosniff"), ("cache-control", "no-store"))
"""For answers of every kind; the server writes them, so that those past ASGI have them, too."""

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class PageHeaders:
    """Gives every HTML page a policy: what it loads comes from here, and nobody shows it in a frame.

    A script that stands in the page itself is allowed by its hash, so that none can be slipped in. The
    documentation page sets styles of its own, which do no harm.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the head of a page waits for the page, which comes whole."""
        waiting: list[Message] = []

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                waiting.append(message)
                return
            if waiting:
                start = waiting.pop()
                start["headers"] = [*start["headers"], *_of_page(message.get("body", b""))]
                await send(start)
            await send(message)

        await self._app(scope, receive, send_page)


def _is_page(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in start["headers"])


def _of_page(page: bytes) -> list[tuple[bytes, bytes]]:
    hashes = (base64.b64encode(hashlib.sha256(script).digest()) for script in _SCRIPT.findall(page))
    scripts = b" ".join([b"'self'", *(b"'sha256-%b'" % one for one in hashes)])
    policy = (
        b"default-src 'none'; script-src %b; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return [
        (b"content-security-policy", policy % scripts),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
