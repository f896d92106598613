"""What is known of every version, and which of them answers: all that a request reads of the repository."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from service.batching.batcher import Batcher
from service.errors import (
    LabelNotFound,
    ModelFailed,
    ModelNotFound,
    ModelNotReady,
    ServingError,
    StateUnavailable,
)
from service.repository.loading import Loaded
from service.repository.scan import Candidate, Key
from service.repository.standing import Standing
from service.repository.version_policy import VersionPolicy, in_words, leading, sought
from service.repository.wishes import Wishes
from service.statistics.counts import Counts

FALLBACK_DEFAULT = "fashion_mnist"

NEWEST, LABEL = "newest", "label"
"""Kinds of swaps."""


class State(StrEnum):
    """Where a version is in its life."""

    FOUND = "found"  # lies in the folder, and is not loaded
    PREPARING = "preparing"  # is being checked, converted, opened or warmed
    READY = "ready"  # answers
    DRAINING = "draining"  # takes nothing new, finishes what it has
    FAILED = "failed"  # could not be loaded; the reason is kept
    UNLOADED = "unloaded"  # an operator does not want its model loaded


_NOT_YET = {
    State.PREPARING: "is being prepared; ask again in a few seconds",
    State.READY: "is ready now; ask again",
    State.DRAINING: "makes room for a newer one",
    State.UNLOADED: "is about to be loaded; ask again in a few seconds",
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
    """Where a model's name leads: replaced as a whole, so that no request sees half of a swap.

    `leading` answers for the model: the newest ready version that its policy wants.
    """

    ready: dict[int, ServedVersion] = field(default_factory=dict)
    leading: ServedVersion | None = None
    labels: dict[str, ServedVersion] = field(default_factory=dict)


_NOWHERE = _Route()


class Registry:
    """The versions of all models. Belongs to one event loop."""

    def __init__(self, default_model: str | None, versions_loaded: VersionPolicy) -> None:
        self._stated_default = default_model
        self._versions_loaded = versions_loaded
        self._default = default_model
        self._routes: dict[str, _Route] = {}
        self._versions: dict[str, list[int]] = {}
        self._swaps: dict[str, dict[str, int]] = {}
        self.records: dict[Key, Record] = {}
        self.wishes = Wishes()
        self.labels_unknown: str | None = None
        """Why the labels are not known, where that is so."""
        self.changed = asyncio.Event()
        """Set when a model's name or label leads elsewhere than before."""

    def get(
        self, model: str | None = None, version: int | None = None, label: str | None = None
    ) -> ServedVersion:
        """Return the version that answers: the leading one, of the default model, unless told.

        Raises:
            ModelNotFound: no such model or version.
            LabelNotFound: no such label.
            ModelNotReady: it is there and cannot answer (yet); the message gives its state.
            ModelFailed: it is there and could not be loaded.
            StateUnavailable: nobody knows which labels there are.
        """
        name = self.default_model if model is None else model
        if name is None:
            raise ModelNotFound(self.why_no_default)
        route = self._routes.get(name)
        served = None
        if route is not None:
            if label is not None:
                served = route.labels.get(label)
            else:
                served = route.leading if version is None else route.ready.get(version)
        if served is None:
            raise self.absent(name, version, label)
        return served

    @property
    def default_model(self) -> str | None:
        """The model of requests that name none; None where it cannot be told."""
        return self._default

    def arrange(self) -> None:
        """Settle anew which versions each model has, and the default: the stated one, the only one, or ours.

        Called when records come or go, so that no request pays for it.
        """
        self._versions = {}
        for model, version in sorted(self.records):
            self._versions.setdefault(model, []).append(version)
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
        return list(self._versions)

    @property
    def default_ready(self) -> bool:
        """Whether the default model is warm and its batcher runs."""
        route = self._routes.get(self.default_model or "")
        return route is not None and route.leading is not None and route.leading.batcher.alive

    def of_model(self, model: str) -> list[Record]:
        """What is known of a model's versions, ascending."""
        keys = [(model, version) for version in self._versions.get(model, ())]
        return [self.records[key] for key in keys if key in self.records]

    def ready_versions(self, model: str) -> list[int]:
        """The versions of a model that answer, ascending."""
        route = self._routes.get(model)
        return sorted(route.ready) if route else []

    def is_unloaded(self, model: str) -> bool:
        """Whether an operator does not want a model loaded."""
        return model in self.wishes.unloaded

    def policy(self, model: str) -> VersionPolicy:
        """Which versions of a model are to be loaded."""
        return self.wishes.versions.get(model, self._versions_loaded)

    def labels(self, model: str) -> dict[str, int]:
        """The version to which each label of a model points now."""
        return {label: one.version for label, one in self._routes.get(model, _NOWHERE).labels.items()}

    def rows_in_flight(self) -> dict[Key, int]:
        """The rows in flight of every version that is loaded."""
        served = {key: record.served for key, record in self.records.items()}
        return {key: one.batcher.rows_in_flight for key, one in served.items() if one is not None}

    def states(self) -> dict[str, dict[int, str]]:
        """The state of every version, by model."""
        found: dict[str, dict[int, str]] = {}
        for (model, version), record in self.records.items():
            found.setdefault(model, {})[version] = record.state.value
        return found

    def swaps(self) -> dict[str, dict[str, int]]:
        """How often another version took over, by model: the newest, or behind a label."""
        return self._swaps

    def reroute(self, model: str) -> None:
        """Point a model's name, and its labels, at what is ready now.

        A label moves when the version that it is to point to is ready; until then it points where it did.
        """
        served = [
            record.served
            for record in self.of_model(model)
            if record.state is State.READY and record.served is not None
        ]
        ready = {one.version: one for one in served}
        before = self.labels(model)
        labels = {}
        for label, wished in self.wishes.of(model).items():
            to = ready.get(wished) or ready.get(before.get(label, wished))
            if to is not None:
                labels[label] = to
        leads = leading(self.policy(model), sorted(ready))
        route = _Route(ready, None if leads is None else ready[leads], labels)
        if route != self._routes.get(model):
            self._count_swaps(model, self._routes.get(model, _NOWHERE), route)
            self._routes[model] = route
            self.changed.set()

    def standing(self) -> Standing:
        """Return what this worker answers by now."""
        return Standing(
            revision=self.wishes.revision,
            leading={name: route.leading.version for name, route in self._routes.items() if route.leading},
            labels={name: self.labels(name) for name, route in self._routes.items() if route.labels},
        )

    def _count_swaps(self, model: str, before: _Route, after: _Route) -> None:
        counted = self._swaps.setdefault(model, {NEWEST: 0, LABEL: 0})
        if before.leading and after.leading and before.leading.version != after.leading.version:
            counted[NEWEST] += 1
        both = before.labels.keys() & after.labels.keys()
        counted[LABEL] += sum(before.labels[one].version != after.labels[one].version for one in both)

    def absent(self, name: str, version: int | None = None, label: str | None = None) -> ServingError:
        """Return why a model, its version or its label does not answer."""
        known = {record.candidate.version: record for record in self.of_model(name)}
        if not known:
            if name == self._stated_default:
                return ModelNotFound(self.why_no_default)
            return ModelNotFound(f"there is no model {name!r}; models here: {', '.join(self.model_names)}")
        labels = self.wishes.of(name)
        if label is not None and label not in labels:
            if self.labels_unknown is not None:
                return StateUnavailable(self.labels_unknown)
            here = ", ".join(labels) or "none"
            return LabelNotFound(f"model {name!r} has no such label; labels here: {here}")
        version = version if label is None else labels[label]
        if label is not None and version not in known:
            return LabelNotFound(
                f"this label of model {name!r} is to point to version {version}, which is not here"
            )
        if version is not None and version not in known:
            here = ", ".join(map(str, known))
            return ModelNotFound(f"model {name!r} has no version {version}; versions here: {here}")
        if self.is_unloaded(name):
            return ModelNotReady(
                f"model {name!r} was unloaded by an operator; it answers again when an operator loads it"
            )
        policy = self.policy(name)
        number = sought(policy, sorted(known)) if version is None else version
        if number not in known:
            here = ", ".join(map(str, known))
            return ModelNotFound(
                f"model {name!r} has no version {number}, which is to be loaded; versions here: {here}"
            )
        asked = known[number]
        what = f"model {name!r} version {asked.candidate.version}"
        if asked.state is State.FAILED:
            return ModelFailed(f"{what} failed: {asked.reason}")
        if asked.state is State.FOUND:
            return ModelNotReady(f"{what} is not loaded: loaded are {in_words(policy)}, and any with a label")
        return ModelNotReady(f"{what} {_NOT_YET[asked.state]}")
