"""All that is counted in one worker, and what all workers of the server have counted together."""

import asyncio
import os
from contextlib import suppress

from service.run_folder import Place
from service.statistics.counts import Counts
from service.statistics.figures import VersionStatistics, merged
from service.statistics.snapshots import Snapshots
from service.statistics.worker import Key, NoSource, Source, WorkerStatistics

_INTERVAL_S = 1.0


class Statistics:
    """The counts of every version, and of what reaches none. Belongs to one event loop.

    They are kept when a version is unloaded, and go on when it is loaded again: they never fall while
    the server runs. What this worker tells, it has written first, so that no other worker tells less later;
    of the others it knows what they wrote at most a second ago.
    """

    def __init__(self, source: Source | None = None, place: Place | None = None) -> None:
        """Count nothing yet.

        Args:
            source: knows how the versions stand in this worker; None where there are none.
            place: of this worker among several; None where it is the only one.
        """
        self._source = source or NoSource()
        self._place = place
        self._snapshots = Snapshots(place) if place else None
        self._before = WorkerStatistics()
        self._counts: dict[Key, Counts] = {}
        self._refused: dict[str, dict[str, int]] = {}
        self._taken = 0  # snapshots
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def counts(self, model: str, version: int) -> Counts:
        """Return what counts for a version."""
        return self._counts.setdefault((model, version), Counts(model, version))

    def count_refusal(self, protocol: str, reason: str) -> None:
        """Count a request that failed and is no version's.

        Args:
            protocol: its dialect's name, or `service.dialects.names.HTTP` where it did not come so far.
            reason: an error's code; no word of a client.
        """
        of_protocol = self._refused.setdefault(protocol, {})
        of_protocol[reason] = of_protocol.get(reason, 0) + 1

    async def start(self) -> None:
        """Go on from what a predecessor counted, and write what changes from now on."""
        if self._snapshots is not None:
            before = await asyncio.to_thread(self._snapshots.before)
            if before is not None:
                self._before = before.at_its_end
            self._task = asyncio.create_task(self._write_changes(self._snapshots), name="statistics")

    async def stop(self) -> None:
        """Write the last of it."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def workers(self) -> list[WorkerStatistics]:
        """Return what each worker counted, this one first."""
        own = self._own()
        if self._snapshots is None:
            return [own]
        await self._write(self._snapshots, own)
        return [own, *await asyncio.to_thread(self._snapshots.others)]

    async def all(self) -> list[VersionStatistics]:
        """Return what all workers counted of every version that was ever loaded, by names and numbers."""
        return merged(one for worker in await self.workers() for one in worker.versions)

    async def of(self, model: str, version: int | None = None) -> list[VersionStatistics]:
        """Return what `all` does of one model, or one version; nothing where none was ever loaded."""
        return [one for one in await self.all() if one.model == model and version in (None, one.version)]

    def _own(self) -> WorkerStatistics:
        in_flight = self._source.rows_in_flight()
        own = WorkerStatistics(
            number=self._place.number if self._place else 0,
            pid=os.getpid(),
            versions=tuple(counts.figures(in_flight.get(key, 0)) for key, counts in self._counts.items()),
            refused=self._refused,
            swaps=self._source.swaps(),
            states=self._source.states(),
        )
        return own.after(self._before)

    async def _write(self, snapshots: Snapshots, own: WorkerStatistics) -> None:
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
