"""The task that keeps the registry true to the artifacts folder and to what operators decided.

A new version takes over when it is warm, and not before. One that fails leaves the old one serving, and
is not tried again until it changes. The last good version of a model is not given up because its
folder vanished.

What an operator decides (`service.repository.operators`) is written down first (`service.repository.wishes`)
and then done here; the other workers do the same when they read it, and this one after a restart.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from service.batching.admission import BatchPolicy
from service.repository.loading import Loader
from service.repository.registry import Record, Registry, ServedVersion, State
from service.repository.scan import Candidate, Key, Scan, scan
from service.repository.shelf import Shelf
from service.repository.version_policy import chosen, kept
from service.repository.wishes import Wishes, WishesFile
from service.statistics.book import Statistics

logger = logging.getLogger(__name__)

_FOLLOW_S = 0.1
"""How often it is looked whether operators decided something."""


class Watcher:
    """Looks at the folder again and again; loads, swaps and drains. Belongs to one event loop."""

    def __init__(
        self,
        artifacts_dir: Path,
        registry: Registry,
        loader: Loader,
        wishes: WishesFile,
        policy: BatchPolicy,
        statistics: Statistics,
        *,
        interval_s: float,
        grace_s: float,
    ) -> None:
        self._artifacts_dir = artifacts_dir
        self._registry = registry
        self._wishes = wishes
        self._interval_s = interval_s
        self._shelf = Shelf(registry, loader, policy, statistics, grace_s, on_free=self._settle)
        self._found: dict[Key, Candidate] = {}
        self._steady: set[Key] = set()  # of what is found: not being copied any more
        self._pinned: Counter[Key] = Counter()  # about to get a label
        self._odd: dict[str, int] = {}
        self._has_default = True
        # Whoever reads the folder or the wishes acts on them before the next one reads, or an older state
        # could come after a newer one.
        self._turn = asyncio.Lock()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load what is quick to load, then watch; the rest is prepared while that already answers."""
        await self._look(settled=True)
        await self._shelf.quick_ones()
        self._tell_default()
        self._task = asyncio.create_task(self._watch(), name="repository watcher")

    async def stop(self) -> None:
        """Stop watching and loading, and drain every version within the grace period."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._stopping = True
        await self._shelf.stop()

    # For `service.repository.operators`

    async def change(self, change: Callable[[Wishes], Wishes]) -> None:
        """Write down what an operator decided, and begin to do it.

        Raises:
            StateUnavailable: it could not be written down.
        """
        async with self._turn:
            self._adopt(await asyncio.to_thread(self._wishes.change, change))

    async def look_at(self, model: str, version: int | None = None) -> None:
        """Look for a model, or one version, that came since the last look: it is taken to be whole.

        Raises:
            ModelNotFound: there is no such model.
        """
        async with self._turn:
            seen = await asyncio.to_thread(scan, self._artifacts_dir)
            for candidate in seen.candidates.values():
                if candidate.model == model and version in (None, candidate.version):
                    self._note(candidate, settled=True)
            self._registry.arrange()
            if model not in self._registry.model_names:
                raise self._registry.absent(model)
            self._settle(model)

    @contextmanager
    def pinned(self, key: Key) -> Iterator[None]:
        """Keep a version that is about to get a label."""
        self._pinned[key] += 1
        try:
            yield
        finally:
            self._pinned[key] -= 1

    async def ready(self, key: Key) -> ServedVersion:
        """Return a version when it is ready.

        Raises:
            ServingError: it is not here, or will not be ready.
        """
        record = self._registry.records.get(key)
        if record is None:
            raise self._registry.absent(*key)
        return await self._shelf.ready(self._found.get(key, record.candidate))

    async def drained(self, model: str) -> None:
        """Return when all that is being let go of a model is."""
        await self._shelf.drained(model)

    # By itself

    async def _watch(self) -> None:
        """Look at the folder at every interval, and at what operators decided as soon as it changed."""
        looks_at = time.monotonic() + self._interval_s
        while True:
            await asyncio.sleep(min(_FOLLOW_S, self._interval_s))
            try:
                if time.monotonic() >= looks_at:
                    await self._look()
                    self._tell_default()
                    looks_at = time.monotonic() + self._interval_s
                elif await asyncio.to_thread(self._wishes.is_changed):
                    async with self._turn:
                        self._adopt(await asyncio.to_thread(self._wishes.look))
            except Exception:
                logger.exception("looking at the repository failed; it is tried again")

    def _tell_default(self) -> None:
        """Say when ``/predict`` has lost its model, as a second one makes it do, or has one again."""
        has = self._registry.default_model in self._registry.model_names
        if self._has_default and not has:
            why = self._registry.why_no_default
            logger.warning("/predict has no model, and the server is not ready: %s", why)
        elif has and not self._has_default:
            logger.info("/predict has the model %s", self._registry.default_model)
        self._has_default = has

    async def _look(self, settled: bool = False) -> None:
        """Compare the folder and the wishes with the registry. `settled`: nothing is still being copied."""
        async with self._turn:
            seen = await asyncio.to_thread(scan, self._artifacts_dir)
            wishes = await asyncio.to_thread(self._wishes.look)
            for key in self._registry.records.keys() - seen.candidates.keys():
                self._found.pop(key, None)
                self._forget(key)
            for candidate in seen.candidates.values():
                self._note(candidate, settled)
            self._registry.arrange()
            self._adopt(wishes)
            self._tell_oddities(seen, settled)

    def _note(self, candidate: Candidate, settled: bool) -> None:
        """Keep what was found of a version."""
        key = candidate.key
        record = self._registry.records.setdefault(key, Record(candidate))
        if record.state is State.READY:
            record.reason = None
        # A copy takes time and announces no end: wait until two looks in a row find the same.
        before = self._found.get(key)
        if settled or (before is not None and before.fingerprint == candidate.fingerprint):
            self._steady.add(key)
        else:
            self._steady.discard(key)
        self._found[key] = candidate

    def _adopt(self, wishes: Wishes) -> None:
        """Make true what operators decided."""
        before = self._registry.wishes
        if wishes.revision != before.revision:
            self._registry.changed.set()
        self._registry.wishes, self._registry.labels_unknown = wishes, self._wishes.trouble
        for record in self._registry.records.values():
            model = record.candidate.model
            if record.state is State.FAILED and wishes.loads.get(model) != before.loads.get(model):
                record.state, record.reason = State.FOUND, None
        for model in self._registry.model_names:
            self._settle(model)

    def _settle(self, model: str) -> None:
        """Begin to load and to drain what is due of a model, and point its labels."""
        if self._stopping:
            return
        unloaded = self._registry.is_unloaded(model)
        for record in self._registry.of_model(model):
            if record.served is None and not self._shelf.is_loading(record.candidate.key):
                if unloaded:
                    record.state, record.reason = State.UNLOADED, None
                elif record.state is State.UNLOADED:
                    record.state = State.FOUND
        for key in [] if unloaded else self._wanted(model):
            if key in self._steady and self._is_due(key):
                self._shelf.load(self._found[key])
        self._registry.reroute(model)
        kept = set() if unloaded else self._kept(model)
        for version in set(self._registry.ready_versions(model)) - kept:
            self._shelf.retire(self._registry.records[model, version])

    def _tell_oddities(self, seen: Scan, settled: bool) -> None:
        """Log once what is there and cannot be served; twice seen, for it may still be in the making."""
        oddities = seen.oddities | {
            f"{model} has no version {version}, to which its label {label} is to point"
            for model, labels in self._registry.wishes.labels.items()
            for label, version in labels.items()
            if (model, version) not in seen.candidates
        }
        oddities |= {
            f"{model} has no version {version}, which is to be loaded by name"
            for model, policy in self._registry.wishes.versions.items()
            for version in (policy if isinstance(policy, tuple) else ())
            if (model, version) not in seen.candidates
        }
        self._odd = {oddity: self._odd.get(oddity, int(settled)) + 1 for oddity in oddities}
        for oddity in sorted(oddity for oddity, times in self._odd.items() if times == 2):
            logger.warning("in the artifacts folder, %s", oddity)

    def _wanted(self, model: str) -> list[Key]:
        """What is to be loaded of a model: of what has not failed, what its policy wants and others."""
        keys = [(model, record.candidate.version) for record in self._registry.of_model(model)]
        usable = [key for key in keys if key in self._found and not self._has_failed(key)]
        wanted = self._asked_for(model).union(
            chosen(self._registry.policy(model), [version for _, version in usable])
        )
        return [key for key in usable if key[1] in wanted]

    def _kept(self, model: str) -> set[int]:
        """What stays loaded of a model: of what is ready, what its policy keeps, and others."""
        of_policy = kept(self._registry.policy(model), self._registry.ready_versions(model))
        return self._asked_for(model).union(of_policy, self._registry.labels(model).values())

    def _asked_for(self, model: str) -> set[int]:
        """The versions that have a label or are about to."""
        pinned = {version for (name, version), times in self._pinned.items() if name == model and times}
        return pinned.union(self._registry.wishes.of(model).values())

    def _is_due(self, key: Key) -> bool:
        idle = self._registry.records[key].served is None and not self._shelf.is_loading(key)
        return idle and not self._has_failed(key)

    def _has_failed(self, key: Key) -> bool:
        record = self._registry.records[key]
        return (
            record.state is State.FAILED
            and record.candidate.fingerprint == self._found[key].fingerprint
            and (record.retry_at is None or time.monotonic() < record.retry_at)
        )

    def _forget(self, key: Key) -> None:
        record = self._registry.records[key]
        if record.served is not None:
            labelled = key[1] in self._asked_for(key[0])
            if len(self._registry.ready_versions(key[0])) > 1 and not labelled:
                self._shelf.retire(record)
            elif record.reason is None:
                why = "by its label" if labelled else "as the last good version"
                record.reason = f"its files are gone; {why} it stays until a restart"
                logger.warning("%s version %d: %s", *key, record.reason)
        elif not self._shelf.is_loading(key):
            del self._registry.records[key]
