"""What is known of every version, and which of them answers: all that a request reads of the repository."""

from dataclasses import dataclass, field
from enum import StrEnum

from service.batching import Batcher
from service.errors import ModelFailed, ModelNotFound, ModelNotReady, ServingError
from service.repository.loading import Loaded
from service.repository.scan import Candidate, Key
from service.statistics.counts import Counts

FALLBACK_DEFAULT = "fashion_mnist"


class State(StrEnum):
    """Where a version is in its life."""

    FOUND = "found"  # lies in the folder, and is not loaded
    PREPARING = "preparing"  # is being checked, converted, opened or warmed
    READY = "ready"  # answers
    DRAINING = "draining"  # takes nothing new, finishes what it has
    FAILED = "failed"  # could not be loaded; the reason is kept


_NOT_YET = {
    State.FOUND: "is not loaded: only the newest versions are",
    State.PREPARING: "is being prepared; ask again in a few seconds",
    State.READY: "is ready now; ask again",
    State.DRAINING: "makes room for a newer one",
}


@dataclass(frozen=True, slots=True, eq=False)
class ServedVersion:
    """A version that answers."""

    model: str
    version: int
    shown_as: str
    loaded: Loaded
    batcher: Batcher
    counts: Counts


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
        self._default = default_model
        self._routes: dict[str, _Route] = {}
        self.records: dict[Key, Record] = {}

    def get(self, model: str | None = None, version: int | None = None) -> ServedVersion:
        """Return the version that answers: the newest ready one, of the default model, unless told.

        Raises:
            ModelNotFound: no such model or version.
            ModelNotReady: it is there and cannot answer (yet); the message gives its state.
        """
        name = self.default_model if model is None else model
        if name is None:
            raise ModelNotFound(self.why_no_default)
        route = self._routes.get(name)
        served = None
        if route is not None:
            served = route.newest if version is None else route.ready.get(version)
        if served is None:
            raise self._absent(name, version)
        return served

    @property
    def default_model(self) -> str | None:
        """The model of requests that name none; None where it cannot be told."""
        return self._default

    def choose_default(self) -> None:
        """Settle the default model anew: the stated one, else the only one, else `fashion_mnist`.

        Called when records come or go, so that no request pays for it.
        """
        names = self.model_names
        if self._stated_default is None:
            fallback = FALLBACK_DEFAULT if FALLBACK_DEFAULT in names else None
            self._default = names[0] if len(names) == 1 else fallback

    @property
    def why_no_default(self) -> str:
        """What to say where the default model cannot be told or is not here."""
        names = ", ".join(self.model_names)
        if not names:
            return "there are no models here yet"
        if self._stated_default is not None:
            return f"the default model, {self._stated_default}, is not here; models here: {names}"
        return (
            f"no default model is set and there are several: {names}; ask /models/NAME/predict, "
            "or start with --default-model"
        )

    @property
    def model_names(self) -> list[str]:
        """The names of all models, in order."""
        return sorted({model for model, _ in self.records})

    @property
    def default_ready(self) -> bool:
        """Whether the default model is warm and its batcher runs."""
        route = self._routes.get(self.default_model or "")
        return route is not None and route.newest is not None and route.newest.batcher.alive

    def of_model(self, model: str) -> list[Record]:
        """What is known of a model's versions, ascending."""
        return [self.records[key] for key in sorted(self.records) if key[0] == model]

    def ready_versions(self, model: str) -> list[int]:
        """The versions of a model that answer, ascending."""
        route = self._routes.get(model)
        return sorted(route.ready) if route else []

    def rows_in_flight(self) -> dict[Key, int]:
        """The rows in flight of every version that is loaded."""
        served = {key: record.served for key, record in self.records.items()}
        return {key: one.batcher.rows_in_flight for key, one in served.items() if one is not None}

    def reroute(self, model: str) -> None:
        """Point a model's name at what is ready now."""
        served = [
            record.served
            for (name, _), record in self.records.items()
            if name == model and record.state is State.READY and record.served is not None
        ]
        ready = {one.version: one for one in served}
        self._routes[model] = _Route(ready, ready[max(ready)] if ready else None)

    def _absent(self, name: str, version: int | None) -> ServingError:
        known = {record.candidate.version: record for record in self.of_model(name)}
        if not known:
            if name == self._stated_default:
                return ModelNotFound(self.why_no_default)
            return ModelNotFound(f"there is no model {name!r}; models here: {', '.join(self.model_names)}")
        if version is not None and version not in known:
            here = ", ".join(map(str, known))
            return ModelNotFound(f"model {name!r} has no version {version}; versions here: {here}")
        newest = known[max(known) if version is None else version]
        what = f"model {name!r} version {newest.candidate.version}"
        if newest.state is State.FAILED:
            return ModelFailed(f"{what} failed: {newest.reason}")
        return ModelNotReady(f"{what} {_NOT_YET[newest.state]}")
