"""The versions that are being loaded, are open, or are being let go; the watcher says which are wanted."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable

from modiste.prepare import Failure, PrepareFailed
from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.errors import ShuttingDown
from service.repository.loading import Loader, reason_of
from service.repository.registry import Record, Registry, ServedVersion, State
from service.repository.scan import Candidate, Key
from service.statistics.book import Statistics

logger = logging.getLogger(__name__)

_RETRY_S = 60.0
"""When to prepare again what failed by a full disk, a time-out or a lack of memory."""

_RETRY_UNAVAILABLE_S = 5.0
"""When to look again whether what preparing needs is installed by now."""

_RETRY_KILLED_S = 5.0
"""When to prepare again what was killed once: it may have been an accident."""


class Shelf:
    """Loads versions into the registry and drains them from it. Belongs to one event loop.

    `on_free` hears the name of a model of which a version is no longer loaded.
    """

    def __init__(
        self,
        registry: Registry,
        loader: Loader,
        policy: BatchPolicy,
        statistics: Statistics,
        grace_s: float,
        on_free: Callable[[str], None],
    ) -> None:
        self._registry = registry
        self._loader = loader
        self._policy = policy
        self._statistics = statistics
        self._grace_s = grace_s
        self._on_free = on_free
        self._loading: dict[Key, asyncio.Task[None]] = {}
        self._draining: dict[Key, asyncio.Task[None]] = {}
        # Preparing takes a core and gigabytes: one at a time.
        self._slow_turn = asyncio.Semaphore(1)
        self._stopping = False

    def is_loading(self, key: Key) -> bool:
        """Whether a version is being loaded."""
        return key in self._loading

    def load(self, candidate: Candidate) -> asyncio.Task[None]:
        """Begin to load a version that is not."""
        task = asyncio.create_task(self._load(candidate), name=f"load {candidate.key}")
        self._loading[candidate.key] = task
        return task

    def retire(self, record: Record) -> None:
        """Begin to let a version go, where it is open: what it has is answered, what comes is not for it."""
        served = record.served
        if served is None or record.state is State.DRAINING:
            return
        record.state = State.DRAINING
        self._registry.reroute(served.model)
        key = (served.model, served.version)
        self._draining[key] = asyncio.create_task(self._drain(record, served), name=f"drain {key}")

    async def ready(self, candidate: Candidate) -> ServedVersion:
        """Return a version when it is ready; load it where it is not.

        Raises:
            ServingError: it will not be.
        """
        key = candidate.key
        while not self._stopping:
            record = self._registry.records.get(key)
            under_way = self._draining.get(key) or self._loading.get(key)
            failed = record is not None and record.state is State.FAILED and under_way is None
            if record is None or failed or self._registry.is_unloaded(candidate.model):
                raise self._registry.absent(*key)
            if record.served is not None and record.state is State.READY:
                return record.served
            await asyncio.wait([under_way or self.load(candidate)])
        raise ShuttingDown("the server is stopping")

    async def quick_ones(self) -> None:
        """Return when everything being loaded that is quick to load is."""
        candidates = {key: self._registry.records[key].candidate for key in self._loading}
        quick = [task for key, task in self._loading.items() if self._loader.is_quick(candidates[key])]
        if quick:
            await asyncio.wait(quick)

    async def drained(self, model: str) -> None:
        """Return when all that is being let go of a model is."""
        draining = [task for key, task in self._draining.items() if key[0] == model]
        if draining:
            await asyncio.wait(draining)

    async def stop(self) -> None:
        """Stop loading, and drain every version within the grace period."""
        self._stopping = True
        self._loader.cancel()
        for task in self._loading.values():
            task.cancel()
        if self._loading:
            await asyncio.wait(self._loading.values())
        for record in self._registry.records.values():
            self.retire(record)
        if self._draining:
            await asyncio.wait(self._draining.values())

    async def _load(self, candidate: Candidate) -> None:
        record = self._registry.records[candidate.key]
        before = record.reason
        record.candidate, record.state, record.reason = candidate, State.PREPARING, None
        if not self._loader.is_quick(candidate) and before is None:
            logger.info("%s version %d is being prepared", candidate.model, candidate.version)
        try:
            if self._loader.is_quick(candidate):
                loaded = await asyncio.to_thread(self._loader.load, candidate)
            else:
                async with self._slow_turn:
                    loaded = await asyncio.to_thread(self._loader.load, candidate)
        except Exception as error:
            record.state, record.reason = State.FAILED, reason_of(error)
            record.retry_at = _retry_at(error, again=record.reason == before)
            if record.reason != before:
                logger.warning("%s version %d failed: %s", candidate.model, candidate.version, record.reason)
            return
        finally:
            del self._loading[candidate.key]
        if self._registry.is_unloaded(candidate.model):
            record.state = State.UNLOADED
            await asyncio.to_thread(loaded.release)
            return
        counts = self._statistics.counts(candidate.model, candidate.version)
        batcher = Batcher(
            loaded.compute, self._policy, loaded.batches_in_flight, observer=counts, pace=loaded.pace
        )
        batcher.start(on_death=_end_process)
        shown_as = (loaded.metadata and loaded.metadata.display_name) or candidate.shown_as
        record.served = ServedVersion(candidate.model, candidate.version, shown_as, loaded, batcher, counts)
        record.state = State.READY
        self._registry.reroute(candidate.model)
        logger.info("%s version %d is ready (%s)", candidate.model, candidate.version, loaded.engine.name)

    async def _drain(self, record: Record, served: ServedVersion) -> None:
        try:
            await served.batcher.stop(self._grace_s)
            await asyncio.to_thread(served.loaded.release)
        finally:
            del self._draining[served.model, served.version]
        record.served, record.state = None, State.FOUND
        logger.info("%s version %d is no longer loaded", served.model, served.version)
        self._on_free(served.model)


def _retry_at(error: Exception, again: bool) -> float | None:
    """Return when to try again; `again` where it failed so before."""
    if not isinstance(error, PrepareFailed):
        return None
    wait_s = _RETRY_S
    if error.reason == Failure.UNAVAILABLE:
        wait_s = _RETRY_UNAVAILABLE_S
    elif error.reason == Failure.KILLED and not again:
        wait_s = _RETRY_KILLED_S
    return time.monotonic() + wait_s


def _end_process(error: BaseException) -> None:
    """A batcher that ended by an error serves nobody: let whoever supervises start afresh."""
    logger.critical("a batcher ended by an error; the process ends", exc_info=error)
    signal.raise_signal(signal.SIGTERM)
