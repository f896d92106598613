"""What an operator decided about the models: labels, which versions are to be loaded, and which models not.

One JSON document in the state folder, ``repository.json``, which all workers read at each look, and which the
command line changes as well. It says what is to be; `service.repository.registry` knows what is.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from modiste import shared_file
from modiste.names import SAFE_NAME
from service.errors import InvalidInput, StateUnavailable
from service.repository.version_policy import VersionNumber, VersionPolicy

logger = logging.getLogger(__name__)

FILE = "repository.json"
LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

_MAX_BYTES = 4 * 1024 * 1024

ModelName = Annotated[str, StringConstraints(pattern=f"^{SAFE_NAME.pattern}$")]
LabelName = Annotated[str, StringConstraints(pattern=f"^{LABEL.pattern}$")]


class Wishes(BaseModel):
    """The document.

    Attributes:
        labels: by model, the version to which each label points.
        versions: by model, which versions are to be loaded, where that is not as the setting says.
        unloaded: models that are to stay unloaded.
        loads: by model, how often it was asked for: a worker that sees another number than before tries
            again what failed.
        revision: how often this document was changed: who has read it says so by this number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    labels: dict[ModelName, dict[LabelName, VersionNumber]] = {}
    versions: dict[ModelName, VersionPolicy] = {}
    unloaded: tuple[ModelName, ...] = ()
    loads: dict[ModelName, int] = {}
    revision: int = 0

    def of(self, model: str) -> dict[str, int]:
        """Return the labels of a model."""
        return self.labels.get(model, {})

    def labelled(self, model: str, label: str, version: int) -> "Wishes":
        """Return the wishes with a label pointing to a version."""
        return self._with_labels(model, {**self.of(model), label: version})

    def unlabelled(self, model: str, label: str) -> "Wishes":
        """Return the wishes without a label."""
        return self._with_labels(model, {name: to for name, to in self.of(model).items() if name != label})

    def choosing(self, model: str, policy: VersionPolicy | None) -> "Wishes":
        """Return the wishes with a policy for the versions of a model; None: as the setting says."""
        others = {name: of for name, of in self.versions.items() if name != model}
        of_all = others if policy is None else {**others, model: policy}
        return self.model_copy(update={"versions": dict(sorted(of_all.items()))})

    def loading(self, model: str) -> "Wishes":
        """Return the wishes with a model to be loaded (again)."""
        unloaded = tuple(name for name in self.unloaded if name != model)
        loads = {**self.loads, model: self.loads.get(model, 0) + 1}
        return self.model_copy(update={"unloaded": unloaded, "loads": loads})

    def unloading(self, model: str) -> "Wishes":
        """Return the wishes with a model to stay unloaded."""
        return self.model_copy(update={"unloaded": tuple(sorted({*self.unloaded, model}))})

    def _with_labels(self, model: str, labels: dict[str, int]) -> "Wishes":
        of_all = {**self.labels, model: dict(sorted(labels.items()))}
        return self.model_copy(update={"labels": {name: of for name, of in sorted(of_all.items()) if of}})


def check_label(label: str) -> None:
    """Check the name of a label.

    Raises:
        InvalidInput: it is none.
    """
    if LABEL.fullmatch(label) is None:
        raise InvalidInput("a label is a letter, then at most 63 letters, digits, '_' or '-'")


class WishesFile:
    """The document on disk. Everything blocks, and one thread at a time may be in here."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._data: bytes | None = None
        self._known = False  # read since the start, or known to be absent
        self._told: str | None = None
        self._seen: tuple[int, int, int] | None = None
        self.last = Wishes()
        self.trouble: str | None = None
        """Why it could not be read since the start, where that is so: nobody knows then what it holds."""

    def is_changed(self) -> bool:
        """Whether the file is another one than at the last call: every change replaces it."""
        try:
            status = self.path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            seen = None
        changed, self._seen = seen != self._seen, seen
        return changed

    def look(self) -> Wishes:
        """Return the wishes; those read last where the file cannot be read now, which is logged once."""
        try:
            self._read()
            self._told = None
        except StateUnavailable as error:
            self.trouble = None if self._known else error.message
            if error.message != self._told:
                logger.error("%s; what was read last goes on to count", error.message)
                self._told = error.message
        return self.last

    def read(self) -> Wishes:
        """Return the wishes as they are on disk now.

        Raises:
            StateUnavailable: the file is damaged, or cannot be read.
        """
        self._read()
        return self.last

    def change(self, change: Callable[[Wishes], Wishes]) -> Wishes:
        """Change the wishes as they are on disk now, and return them.

        Raises:
            StateUnavailable: the file is damaged, or cannot be written; it is as it was.
        """
        try:
            with shared_file.locked(self.path):
                if self.path.exists():
                    self._read()
                wishes = change(self.last)
                if wishes != self.last:
                    wishes = wishes.model_copy(update={"revision": self.last.revision + 1})
                    data = wishes.model_dump_json(indent=2).encode() + b"\n"
                    shared_file.replace(self.path, data)
                    self._data, self.last = data, wishes
        except OSError as error:
            why = f"{FILE} in the state folder cannot be written: {error.strerror}; nothing was changed"
            raise StateUnavailable(why) from error
        return self.last

    def _read(self) -> None:
        # Read and compared whole, which takes microseconds: no time of change is fine enough to tell two
        # writes apart.
        try:
            with self.path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError as error:
            if self._data is not None:
                raise StateUnavailable(f"{FILE} in the state folder is gone") from error
            data = None
        except OSError as error:
            raise StateUnavailable(f"{FILE} in the state folder cannot be read: {error.strerror}") from error
        if data is not None and data != self._data:
            self.last = _parsed(data)
            self._data = data
        self._known, self.trouble = True, None


def _parsed(data: bytes) -> Wishes:
    problem = f"it has more than {_MAX_BYTES} bytes"
    try:
        if len(data) <= _MAX_BYTES:
            return Wishes.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        problem = f"at {where}: {first['msg']}"
    raise StateUnavailable(
        f"{FILE} in the state folder is damaged, {problem}; mend it, or remove it and start again"
    )
