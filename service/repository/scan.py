"""Looking at the artifacts folder: which versions there are, and whether one changed since."""

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


def scan(artifacts_dir: Path) -> dict[Key, Candidate]:
    """Return the versions in the model repository, by model and version.

    A folder without a known file is not there yet. Hidden folders, which publishers write in, are
    left out. A folder that cannot be read is empty: what was loaded from it stays.
    """
    found = [*_loose_files(artifacts_dir), *_version_folders(artifacts_dir)]
    return {candidate.key: candidate for candidate in found}


def _version_folders(artifacts_dir: Path) -> list[Candidate]:
    candidates = []
    for model in _children(artifacts_dir):
        for folder in _children(model):
            version = version_number(folder.name)
            if version is None or model.name.startswith("."):
                continue
            fingerprint = _fingerprint([folder / name for name in _FILES])
            if fingerprint:
                name = safe_name(model.name)
                candidates.append(Candidate(name, model.name, version, folder, fingerprint))
    return candidates


def _loose_files(artifacts_dir: Path) -> list[Candidate]:
    return [
        Candidate(safe_name(path.stem), path.stem, 1, artifacts_dir, fingerprint, path)
        for path in _children(artifacts_dir)
        if path.suffix in _SUFFIXES
        and not path.name.startswith(".")
        and (fingerprint := _fingerprint([path]))
    ]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
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
