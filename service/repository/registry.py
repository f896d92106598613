"""What is known of every version, and which of them answers: all that a request reads of the repository."""

from dataclasses import dataclass, field
from enum import StrEnum

from service.batching import Batcher
from service.errors import ModelNotFound, ModelNotReady
from service.repository.loading import Loaded
from service.repository.scan import Candidate, Key

FALLBACK_DEFAULT = "fashion_mnist"


class State(StrEnum):
    """Where a version is in its life."""

    FOUND = "found"  # lies in the folder, and is not loaded
    PREPARING = "preparing"  # is being checked, converted, opened or warmed
    READY = "ready"  # answers
    DRAINING = "draining"  # takes nothing new, finishes what it has
    FAILED = "failed"  # could not be loaded; the reason is kept


@dataclass(frozen=True, slots=True, eq=False)
class ServedVersion:
    """A version that answers."""

    model: str
    version: int
    shown_as: str
    loaded: Loaded
    batcher: Batcher


@dataclass(slots=True, eq=False)
class Record:
    """What is known of one version. Only the watcher changes it.

    `retry_at`, in seconds of the monotonic clock, is set where the machine failed and not the file.
    """

    candidate: Candidate
    state: State = State.FOUND
    reason: str | None = None
    served: ServedVersion | None = None
    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Route:
    """Where a model's name leads: replaced as a whole, so that no request sees half of a swap."""

    ready: dict[int, ServedVersion] = field(default_factory=dict)
    newest: ServedVersion | None = None


class Registry:
    """The versions of all models. Belongs to one event loop."""

    def __init__(self, default_model: str | None) -> None:
        self._stated_default = default_model
        self._routes: dict[str, _Route] = {}
        self.records: dict[Key, Record] = {}

    def get(self, model: str | None = None, version: int | None = None) -> ServedVersion:
        """Return the version that answers: the newest ready one, of the default model, unless told.

        Raises:
            ModelNotFound: no such model or version.
            ModelNotReady: it is there and cannot answer (yet); the message gives its state.
        """
        name = self.default_model if model is None else model
        route = self._routes.get(name)
        served = None
        if route is not None:
            served = route.newest if version is None else route.ready.get(version)
        if served is None:
            raise self._absent(name, version)
        return served

    @property
    def default_model(self) -> str:
        """The model of requests that name none."""
        if self._stated_default is not None:
            return self._stated_default
        names = self.model_names
        return names[0] if len(names) == 1 else FALLBACK_DEFAULT

    @property
    def model_names(self) -> list[str]:
        """The names of all models, in order."""
        return sorted({model for model, _ in self.records})

    @property
    def default_ready(self) -> bool:
        """Whether the default model is warm and its batcher runs."""
        route = self._routes.get(self.default_model)
        return route is not None and route.newest is not None and route.newest.batcher.alive

    def of_model(self, model: str) -> list[Record]:
        """What is known of a model's versions, ascending."""
        return [self.records[key] for key in sorted(self.records) if key[0] == model]

    def ready_versions(self, model: str) -> list[int]:
        """The versions of a model that answer, ascending."""
        route = self._routes.get(model)
        return sorted(route.ready) if route else []

    def reroute(self, model: str) -> None:
        """Point a model's name at what is ready now."""
        served = [
            record.served
            for (name, _), record in self.records.items()
            if name == model and record.state is State.READY and record.served is not None
        ]
        ready = {one.version: one for one in served}
        self._routes[model] = _Route(ready, ready[max(ready)] if ready else None)

    def _absent(self, name: str, version: int | None) -> ModelNotFound | ModelNotReady:
        known = {
            key: record
            for key, record in self.records.items()
            if key[0] == name and version in (None, key[1])
        }
        what = f"model {name!r}" + (f" version {version}" if version is not None else "")
        if not known:
            return ModelNotFound(f"there is no {what}; models here: {', '.join(self.model_names) or 'none'}")
        newest = known[max(known)]
        why = f": {newest.reason}" if newest.reason else ""
        if newest.state is State.FOUND:
            why = ", and only the newest versions are loaded"
        return ModelNotReady(f"{what} is not ready, it is {newest.state}{why}")
