"""A run: the folder in which one fit keeps what it must not lose, ``runs/<name>/<number>/``.

    run.json     the recipe and the data that decide the fit, the run's id; once it is published, where
    state.npz    all that the next epoch depends on (`training.fitting.state`); gone once it is published
    log.csv ...  what the logs write

A run belongs to one process at a time, and goes on only with the recipe and the data that it began with.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from training.errors import RunError
from training.files.locking import try_lock
from training.files.replacing import replace_text
from training.fitting import state
from training.fitting.state import FitState

_IDENTITY, _STATE = "run.json", "state.npz"
_ID, _PUBLISHED = "id", "published"


@dataclass(slots=True)
class Run:
    """An open run; `state` is None where no epoch is done yet.

    `id` is no other run's, and None where the run began before runs had one.
    """

    folder: Path
    id: str | None
    _lock: int
    state: FitState | None = None

    @classmethod
    def begin(cls, folder: Path, identity: Mapping[str, Any]) -> Self:
        """Begin a run in a folder that does not exist yet.

        Args:
            folder: made, with those above it.
            identity: what decides the fit, as JSON can hold it.

        Raises:
            FileExistsError: the folder, or a file of its name, exists.
            RunError: the folder cannot be made.
        """
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise
        except OSError as error:
            raise RunError(f"The run cannot be kept in {folder}: {error.strerror}.") from error
        try:
            lock = try_lock(folder)
            assert lock is not None, "nobody else knows a folder that was made just now"
            run_id = uuid4().hex
            _write(folder / _IDENTITY, {**identity, _ID: run_id})
        except OSError as error:
            raise RunError(f"The run cannot be kept in {folder}: {error.strerror}.") from error
        return cls(folder, run_id, lock)

    @classmethod
    def reopen(cls, folder: Path, identity: Mapping[str, Any]) -> Self:
        """Open a run that was left, to go on where its last whole epoch ended.

        Raises:
            RunError: another process has it, or it was begun with something else, or is damaged.
        """
        try:
            lock = try_lock(folder)
        except OSError as error:
            raise RunError(f"The run in {folder} cannot be locked: {error.strerror}.") from error
        if lock is None:
            raise RunError(f"The run in {folder} belongs to another process at the moment.")
        try:
            begun = _read(folder)
            other = _difference(folder, begun, identity)
            if other is not None:
                raise RunError(other)
            found = folder / _STATE
            return cls(folder, begun.get(_ID), lock, state.load(found) if found.exists() else None)
        except BaseException:
            os.close(lock)
            raise

    def save(self, fit_state: FitState) -> None:
        """Keep what the next epoch depends on.

        Raises:
            RunError: the disk is full, or the folder is gone.
        """
        try:
            state.save(self.folder / _STATE, fit_state)
        except OSError as error:
            raise RunError(f"The run cannot be kept in {self.folder}: {error.strerror}.") from error
        self.state = fit_state

    def finish(self, published: Path) -> None:
        """Note where the result stands; the state, which is large, is not needed any more."""
        try:
            _write(self.folder / _IDENTITY, _read(self.folder) | {_PUBLISHED: str(published)})
            (self.folder / _STATE).unlink(missing_ok=True)
        except (OSError, RunError) as error:  # the version stands, whatever becomes of the run
            print(f"Published, but the run in {self.folder} could not be noted as done: {error}")

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._lock)


def begin_next(runs: Path, identity: Mapping[str, Any]) -> Run:
    """Begin a run under the next free number of ``runs/``.

    Raises:
        RunError: the folder cannot be made.
    """
    while True:
        folder = runs / str(max((number for number, _ in _numbered(runs)), default=0) + 1)
        try:
            return Run.begin(folder, identity)
        except FileExistsError:  # another process took the number meanwhile
            continue


def reopen_last(runs: Path, identity: Mapping[str, Any]) -> Run:
    """Reopen the newest run under ``runs/`` that began with this identity and was not published.

    Newer ones that began with something else, as a short trial does, are passed over; and those that kept no
    epoch, unless no other kept one either.

    Raises:
        RunError: there is none; the newest of all is damaged, so that nobody knows what it was; or
            `Run.reopen` refuses the one that was found.
    """
    other: str | None = None
    begun: Path | None = None
    for _, folder in reversed(_numbered(runs)):
        try:
            if _is_published(folder):
                continue
            difference = _difference(folder, _read(folder), identity)
        except RunError:
            if other is None and begun is None:
                raise
            continue
        if difference is None and (folder / _STATE).exists():
            return Run.reopen(folder, identity)
        if difference is None:
            begun = begun or folder
        other = other or difference
    if begun is not None:
        return Run.reopen(begun, identity)
    raise RunError(
        other or f"There is no run to go on with in {runs}: none was begun, or all were published."
    )


def _numbered(runs: Path) -> list[tuple[int, Path]]:
    if not runs.is_dir():
        return []
    return sorted((int(path.name), path) for path in runs.iterdir() if path.name.isdecimal())


def _is_published(folder: Path) -> bool:
    if not (folder / _IDENTITY).exists() and not (folder / _STATE).exists():
        return True  # killed before its first line was written: nothing to go on with
    return _PUBLISHED in _read(folder)


def _write(path: Path, identity: Mapping[str, Any]) -> None:
    replace_text(path, json.dumps(identity, indent=2, ensure_ascii=False) + "\n")


def _read(folder: Path) -> dict[str, Any]:
    path = folder / _IDENTITY
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"The run's {path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise RunError(f"The run's {path} cannot be read: it is damaged.")
    return found


def _difference(folder: Path, begun: Mapping[str, Any], identity: Mapping[str, Any]) -> str | None:
    """Return, as a message, the first field in which a run began with something else; None where none."""
    old, new = _flat(begun), _flat(json.loads(json.dumps(identity)))
    for field in sorted(old.keys() | new.keys()):
        if old.get(field) != new.get(field) and field not in (_ID, _PUBLISHED):
            name = field.removeprefix("recipe.")
            return (
                f"The run in {folder} was begun with {name} = {old.get(field)!r}, which is now "
                f"{new.get(field)!r}. Give it the same --set, --epochs and data as at its beginning, "
                "or leave --resume out to begin another."
            )
    return None


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(values, list):
        values = dict(enumerate(values))
    if not isinstance(values, dict):
        return {prefix: values}
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}.{name}" if prefix else str(name))
    return flat
