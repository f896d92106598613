"""All workers do the same: each tells what it answers by, and the one that was asked waits for the others."""

import asyncio
import logging
import time
from collections.abc import Callable

from service.repository.registry import Registry
from service.repository.standing import Standing, Standings
from service.run_folder import Place

logger = logging.getLogger(__name__)

_LONGEST_S = 10.0
"""How long an operator waits for the other workers at most; a worker that starts takes seconds."""

_LOOK_S = 0.05


class Agreement:
    """Of one worker with the others; with a `place` of None there are none. Belongs to one event loop."""

    def __init__(self, registry: Registry, place: Place | None) -> None:
        self._registry = registry
        self._standings = Standings(place) if place else None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell the others."""
        if self._standings is not None:
            self._task = asyncio.create_task(self._tell(self._standings), name="standing")

    async def stop(self) -> None:
        """Tell no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def reached(self, what: Callable[[Standing], object]) -> None:
        """Wait until all workers answer by what this one does; not for ever, for one may be starting.

        Args:
            what: what they must have in common, of all that a worker tells.
        """
        standings = self._standings
        if standings is None:
            return
        deadline = time.monotonic() + _LONGEST_S
        while time.monotonic() < deadline:
            own = self._registry.standing()
            others = await asyncio.to_thread(standings.others)
            if all(one.revision >= own.revision and what(one) == what(own) for one in others):
                return
            await asyncio.sleep(_LOOK_S)
        logger.warning("another worker does not do yet what was asked; it will when it can")

    async def _tell(self, standings: Standings) -> None:
        while True:
            self._registry.changed.clear()
            await asyncio.to_thread(standings.write, self._registry.standing())
            await self._registry.changed.wait()
