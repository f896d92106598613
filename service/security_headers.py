"""Headers that tell browsers what not to do with answers."""

import base64
import hashlib
import re

from service.http_types import NOT_KEPT, App, Message, Receive, Scope, Send

EVERY_ANSWER = (("x-content-type-options", "nosniff"),)
"""For answers of every kind; the server writes them, so that those past ASGI have them, too."""

_POLICY = b"content-security-policy"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Keeps answers from being kept, and gives every HTML page a policy, where they do not say it themselves.

    By the policy, what a page loads comes from here, and nobody shows it in a frame. A script that stands in
    the page itself is allowed by its hash, so that none can be slipped in. The documentation page sets styles
    of its own, which do no harm.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the head of a page without a policy waits for the page, which comes whole."""
        waiting: list[Message] = []

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not _has(message, NOT_KEPT[0]):
                    message["headers"] = [*message["headers"], NOT_KEPT]
                if _has(message, b"content-type", b"text/html") and not _has(message, _POLICY):
                    waiting.append(message)
                    return
            if waiting:
                start = waiting.pop()
                start["headers"] = [*start["headers"], *_of_page(message.get("body", b""))]
                await send(start)
            await send(message)

        await self._app(scope, receive, send_page)


def _has(start: Message, name: bytes, beginning: bytes = b"") -> bool:
    return any(one == name and value.startswith(beginning) for one, value in start["headers"])


def _of_page(page: bytes) -> list[tuple[bytes, bytes]]:
    hashes = (base64.b64encode(hashlib.sha256(script).digest()) for script in _SCRIPT.findall(page))
    scripts = b" ".join([b"'self'", *(b"'sha256-%b'" % one for one in hashes)])
    policy = (
        b"default-src 'none'; script-src %b; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return [
        (_POLICY, policy % scripts),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
