"""Looking at the artifacts folder: which versions there are, and whether one changed since."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modiste.artifact import H5, KERAS, METADATA, ONNX, SUMMARY, version_number
from modiste.names import safe_name

Fingerprint = tuple[tuple[str, int, int], ...]
Key = tuple[str, int]

_FILES = (METADATA, SUMMARY, ONNX, KERAS, H5)
_SUFFIXES = (".keras", ".h5")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version as it lies on disk.

    `model` is the name in URLs, made safe from the folder's. `source` is set for a model file that
    lies loose in the artifacts folder, which counts as version 1 of a model of its name.
    `fingerprint` holds name, size and time of change of every file that decides what is served.
    """

    model: str
    shown_as: str
    version: int
    folder: Path
    fingerprint: Fingerprint
    source: Path | None = None

    @property
    def key(self) -> Key:
        """What tells versions apart."""
        return (self.model, self.version)

    @property
    def prepared(self) -> bool:
        """Whether the folder itself holds a prepared form."""
        return any(name == SUMMARY for name, _, _ in self.fingerprint)


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in the model repository; `oddities` says what is there and cannot be served, and why."""

    candidates: dict[Key, Candidate]
    oddities: frozenset[str]


def scan(artifacts_dir: Path) -> Scan:
    """Look at the model repository.

    Hidden names, which publishers write under, are left out. A folder that cannot be read is empty: what
    was loaded from it stays.
    """
    candidates: dict[Key, Candidate] = {}
    oddities: list[str] = []
    for path in _children(artifacts_dir):
        found = _versions(path, oddities) if path.is_dir() else _loose(path, oddities)
        for candidate in found:
            if candidate.key in candidates:
                oddities.append(f"{path.name} is left out: another one has the name {candidate.model}")
            else:
                candidates[candidate.key] = candidate
    return Scan(candidates, frozenset(oddities))


def _versions(model: Path, oddities: list[str]) -> Iterator[Candidate]:
    for folder in _children(model):
        version = version_number(folder.name)
        where = f"{model.name}/{folder.name}"
        if version is None or not folder.is_dir():
            oddities.append(f"{where} is left out: expected folders named by a version, 1, 2, ...")
        elif fingerprint := _fingerprint([folder / name for name in _FILES]):
            yield Candidate(safe_name(model.name), model.name, version, folder, fingerprint)
        else:
            oddities.append(f"{where} is left out: it holds no {KERAS}, {H5} or {SUMMARY}")


def _loose(path: Path, oddities: list[str]) -> Iterator[Candidate]:
    fingerprint = _fingerprint([path])
    if path.suffix in _SUFFIXES and fingerprint:
        yield Candidate(safe_name(path.stem), path.stem, 1, path.parent, fingerprint, path)
    else:
        oddities.append(f"{path.name} is left out: expected a folder, or a .keras or .h5 file")


def _children(folder: Path) -> list[Path]:
    try:
        # Folders first: a version in a folder counts more than a loose file of its name.
        shown = [path for path in folder.iterdir() if not path.name.startswith(".")]
        return sorted(shown, key=lambda path: (not path.is_dir(), path.name))
    except OSError:
        return []


def _fingerprint(paths: list[Path]) -> Fingerprint:
    marks = []
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue
        marks.append((path.name, status.st_size, status.st_mtime_ns))
    return tuple(marks)
