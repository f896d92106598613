"""The task that keeps the registry true to the artifacts folder, and owns every change of state.

A new version takes over when it is warm, and not before. One that fails leaves the old one serving, and
is not tried again until it changes. The last good version of a model is not given up because its
folder vanished.
"""

import asyncio
import logging
import signal
import time
from pathlib import Path

from modiste.prepare import Failure, PrepareFailed
from service.batching import Batcher, BatchPolicy
from service.repository.loading import Loader, reason_of
from service.repository.registry import Record, Registry, ServedVersion, State
from service.repository.scan import Candidate, Fingerprint, Key, Scan, scan
from service.statistics.book import Statistics

logger = logging.getLogger(__name__)

_RETRY_S = 60.0
"""When to prepare again what failed by a full disk, a time-out or a lack of memory."""

_RETRY_UNAVAILABLE_S = 5.0
"""When to look again whether what preparing needs is installed by now."""


class Watcher:
    """Looks at the folder again and again; loads, swaps and drains. Belongs to one event loop."""

    def __init__(
        self,
        artifacts_dir: Path,
        registry: Registry,
        loader: Loader,
        policy: BatchPolicy,
        statistics: Statistics,
        *,
        versions_loaded: int,
        interval_s: float,
        grace_s: float,
    ) -> None:
        self._artifacts_dir = artifacts_dir
        self._registry = registry
        self._loader = loader
        self._policy = policy
        self._statistics = statistics
        self._versions_loaded = versions_loaded
        self._interval_s = interval_s
        self._grace_s = grace_s
        self._seen: dict[Key, Fingerprint] = {}
        self._odd: dict[str, int] = {}
        self._loading: dict[Key, asyncio.Task[None]] = {}
        self._draining: set[asyncio.Task[None]] = set()
        # Preparing takes a core and gigabytes: one at a time.
        self._slow_turn = asyncio.Semaphore(1)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load what is quick to load, then watch; the rest is prepared while that already answers."""
        self._look(await asyncio.to_thread(scan, self._artifacts_dir), settled=True)
        quick = [task for key, task in self._loading.items() if self._is_quick(key)]
        if quick:
            await asyncio.wait(quick)
        if self._registry.default_model not in self._registry.model_names:
            logger.warning("/predict has no model to ask: %s", self._registry.why_no_default)
        self._task = asyncio.create_task(self._watch(), name="repository watcher")

    async def stop(self) -> None:
        """Stop watching and loading, and drain every version within the grace period."""
        self._loader.cancel()
        ending = [*self._loading.values(), *([self._task] if self._task else [])]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)
        for record in self._registry.records.values():
            self._retire(record)
        if self._draining:
            await asyncio.wait(self._draining)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                self._look(await asyncio.to_thread(scan, self._artifacts_dir), settled=False)
            except Exception:
                logger.exception("looking at the artifacts folder failed; it is tried again")

    def _look(self, seen: Scan, settled: bool) -> None:
        """Compare the folder with the registry. `settled`: nothing in it is still being copied."""
        self._tell_oddities(seen, settled)
        found = seen.candidates
        for key in self._registry.records.keys() - found.keys():
            self._forget(key)
        for key, candidate in found.items():
            record = self._registry.records.setdefault(key, Record(candidate))
            if record.state is State.READY:
                record.reason = None
            # A copy takes time and announces no end: wait until two looks find the same.
            same = settled or self._seen.get(key) == candidate.fingerprint
            self._seen[key] = candidate.fingerprint
            if same and key in self._wanted(found, candidate.model) and self._is_due(key, candidate):
                self._loading[key] = asyncio.create_task(self._load(candidate), name=f"load {key}")
        self._registry.choose_default()
        for model in self._registry.model_names:
            for version in self._registry.ready_versions(model)[: -self._versions_loaded]:
                self._retire(self._registry.records[model, version])

    def _tell_oddities(self, seen: Scan, settled: bool) -> None:
        """Log once what is there and cannot be served; twice seen, for it may still be in the making."""
        self._odd = {oddity: self._odd.get(oddity, int(settled)) + 1 for oddity in seen.oddities}
        for oddity in sorted(oddity for oddity, times in self._odd.items() if times == 2):
            logger.warning("in the artifacts folder, %s", oddity)

    def _wanted(self, found: dict[Key, Candidate], model: str) -> list[Key]:
        """The newest versions of a model that have not failed as they are."""
        usable = [key for key, one in found.items() if key[0] == model and not self._has_failed(key, one)]
        return sorted(usable)[-self._versions_loaded :]

    def _is_due(self, key: Key, candidate: Candidate) -> bool:
        idle = self._registry.records[key].served is None and key not in self._loading
        return idle and not self._has_failed(key, candidate)

    def _has_failed(self, key: Key, candidate: Candidate) -> bool:
        record = self._registry.records.get(key)
        return (
            record is not None
            and record.state is State.FAILED
            and record.candidate.fingerprint == candidate.fingerprint
            and (record.retry_at is None or time.monotonic() < record.retry_at)
        )

    def _is_quick(self, key: Key) -> bool:
        return self._loader.is_quick(self._registry.records[key].candidate)

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
            record.retry_at = _retry_at(error)
            if record.reason != before:
                logger.warning("%s version %d failed: %s", candidate.model, candidate.version, record.reason)
            return
        finally:
            del self._loading[candidate.key]
        counts = self._statistics.counts(candidate.model, candidate.version)
        batcher = Batcher(loaded.compute, self._policy, loaded.batches_in_flight, observer=counts)
        batcher.start(on_death=_end_process)
        shown_as = (loaded.metadata and loaded.metadata.display_name) or candidate.shown_as
        record.served = ServedVersion(candidate.model, candidate.version, shown_as, loaded, batcher, counts)
        record.state = State.READY
        self._registry.reroute(candidate.model)
        logger.info("%s version %d is ready (%s)", candidate.model, candidate.version, loaded.engine.name)

    def _forget(self, key: Key) -> None:
        record = self._registry.records[key]
        if record.served is not None:
            if len(self._registry.ready_versions(key[0])) > 1:
                self._retire(record)
            elif record.reason is None:
                record.reason = "its files are gone; as the last good version it stays until a restart"
                logger.warning("%s version %d: %s", *key, record.reason)
        elif key not in self._loading:
            del self._registry.records[key]

    def _retire(self, record: Record) -> None:
        served = record.served
        if served is None or record.state is State.DRAINING:
            return
        record.state = State.DRAINING
        self._registry.reroute(served.model)
        task = asyncio.create_task(self._drain(record, served), name="drain")
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _drain(self, record: Record, served: ServedVersion) -> None:
        await served.batcher.stop(self._grace_s)
        await asyncio.to_thread(served.loaded.release)
        record.served, record.state = None, State.FOUND
        logger.info("%s version %d is no longer loaded", served.model, served.version)


def _retry_at(error: Exception) -> float | None:
    if not isinstance(error, PrepareFailed):
        return None
    wait_s = _RETRY_UNAVAILABLE_S if error.reason == Failure.UNAVAILABLE else _RETRY_S
    return time.monotonic() + wait_s


def _end_process(error: BaseException) -> None:
    """A batcher that ended by an error serves nobody: let whoever supervises start afresh."""
    logger.critical("a batcher ended by an error; the process ends", exc_info=error)
    signal.raise_signal(signal.SIGTERM)
