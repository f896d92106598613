"""A dedicated thread for forward passes that are too long for the event loop."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from service.engine.reply import Reply

T = TypeVar("T")


class ModelThread:
    """Runs calls one after the other, in one daemon thread.

    A daemon, because a pool's thread that hangs in a forward pass would keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, function: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Call ``function(*args)`` in the thread; the future belongs to the running loop."""
        call = _Call(function, args)
        self._calls.put(call)
        return call.reply.future

    def close(self, wait_s: float = 5.0) -> None:
        """End the thread after the calls that it has, waiting for it with a bound."""
        self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(wait_s)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


class _Call(Generic[T]):
    def __init__(self, function: Callable[..., T], args: tuple[Any, ...]) -> None:
        self._function = function
        self._args = args
        self.reply: Reply[T] = Reply()

    def __call__(self) -> None:
        try:
            result = self._function(*self._args)
        except Exception as error:
            self.reply.fail(error)
        else:
            self.reply.give(result)
