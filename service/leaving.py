"""Waiting for an answer only as long as its client does."""

import asyncio
from typing import Any

from service.http_types import ClientGone, Receive, gone
from service.rows import Rows


async def answer_unless_gone(answer: asyncio.Future[Rows], receive: Receive) -> Rows:
    """Wait for the outputs; where the client leaves first, drop its rows from the queue.

    Raises:
        ClientGone: it left.
    """
    leaving = asyncio.ensure_future(gone(receive))
    either: set[asyncio.Future[Any]] = {answer, leaving}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise ClientGone
        return answer.result()
    finally:
        leaving.cancel()
