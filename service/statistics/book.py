"""All that is counted in one worker, and what all workers of the server have counted together."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from service.run_folder import Place
from service.statistics.counts import Counts
from service.statistics.figures import VersionStatistics, merged
from service.statistics.snapshots import Snapshots

Key = tuple[str, int]
"""A model's name in URLs, and a version."""

_INTERVAL_S = 1.0


class Statistics:
    """The counts of every version. Belongs to one event loop.

    They are kept when a version is unloaded, and go on when it is loaded again: they never fall while
    the server runs. What this worker tells, it has written first, so that no other worker tells less later;
    of the others it knows what they wrote at most a second ago.
    """

    def __init__(
        self, rows_in_flight: Callable[[], Mapping[Key, int]] = dict, place: Place | None = None
    ) -> None:
        """Count nothing yet.

        Args:
            rows_in_flight: tells how many rows of each version are in flight in this worker.
            place: of this worker among several; None where it is the only one.
        """
        self._rows_in_flight = rows_in_flight
        self._snapshots = Snapshots(place) if place else None
        self._before: list[VersionStatistics] = []
        self._counts: dict[Key, Counts] = {}
        self._taken = 0  # snapshots
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def counts(self, model: str, version: int) -> Counts:
        """Return what counts for a version."""
        return self._counts.setdefault((model, version), Counts(model, version))

    async def start(self) -> None:
        """Go on from what a predecessor counted, and write what changes from now on."""
        if self._snapshots is not None:
            before = await asyncio.to_thread(self._snapshots.before)
            self._before = [replace(one, rows_in_flight=0) for one in before]
            self._task = asyncio.create_task(self._write_changes(self._snapshots), name="statistics")

    async def stop(self) -> None:
        """Write the last of it."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def all(self) -> list[VersionStatistics]:
        """Return what all workers counted of every version that was ever loaded, by names and numbers."""
        if self._snapshots is None:
            return self._own()
        own = self._own()
        await self._write(self._snapshots, own)
        return merged([*own, *await asyncio.to_thread(self._snapshots.others)])

    async def of(self, model: str, version: int | None = None) -> list[VersionStatistics]:
        """Return what `all` does of one model, or one version; nothing where none was ever loaded."""
        return [one for one in await self.all() if one.model == model and version in (None, one.version)]

    def _own(self) -> list[VersionStatistics]:
        in_flight = self._rows_in_flight()
        own = [counts.figures(in_flight.get(key, 0)) for key, counts in self._counts.items()]
        return merged([*self._before, *own])

    async def _write(self, snapshots: Snapshots, own: list[VersionStatistics]) -> None:
        self._taken += 1
        await asyncio.to_thread(snapshots.write, self._taken, snapshots.encode(own))

    async def _write_changes(self, snapshots: Snapshots) -> None:
        written = None
        while True:
            own = self._own()
            if own != written:
                await self._write(snapshots, own)
                written = own
            if self._stopping.is_set():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _INTERVAL_S)
