"""The way back from a thread to the event loop that waits for it."""

import asyncio
import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Reply(Generic[T]):
    """A future of the running loop that another thread resolves."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def give(self, result: T) -> None:
        """Resolve the future from any thread; dropped where the caller or the loop is gone."""
        self._soon(functools.partial(self.future.set_result, result))

    def fail(self, error: Exception) -> None:
        """Fail the future from any thread."""
        self._soon(functools.partial(self.future.set_exception, error))

    def _soon(self, resolve: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._unless_done, resolve)

    def _unless_done(self, resolve: Callable[[], None]) -> None:
        if not self.future.done():
            resolve()
