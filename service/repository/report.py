"""The report of a version as it lies in its folder, ``report/``: read when somebody asks, and never trusted.

Two files of known names are read, and no other: a link is not followed, a file has a largest size, and one
whose SHA-256 the metadata state must have it. What cannot be read is told in words, for a version without a
report serves as well as one with it.
"""

import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from modiste.artifact import METADATA, REPORT, ArtifactError, Metadata
from modiste.reading import Refused
from modiste.reading.errors import Reason
from modiste.reading.file import read_file
from modiste.report import EVALUATION, VersionReport
from modiste.report_images import IMAGES, ReportImages, parse
from service.repository.scan import Candidate

_MOST_BYTES = {EVALUATION: 16 * 1024 * 1024, IMAGES: 40 * 1024 * 1024}
_ABSENT = (Reason.NOT_FOUND,)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a report; None for what is not there or cannot be shown, with a note that says why."""

    evaluation: VersionReport | None = None
    images: ReportImages | None = None
    notes: tuple[str, ...] = ()


def read(candidate: Candidate, metadata: Metadata | None) -> Found:
    """Read the report of a version; blocks."""
    if candidate.source is not None:
        return Found(notes=("this version is a model file by itself: nothing is known of its training",))
    notes: list[str] = []
    evaluation = images = None
    try:
        data = _content(candidate.folder, EVALUATION, metadata)
        evaluation = None if data is None else VersionReport.parse(EVALUATION, data)
        if data is None:
            notes.append("this version has no report: it was not published by modiste train")
    except ArtifactError as error:
        notes.append(str(error))
    try:
        data = _content(candidate.folder, IMAGES, metadata)
        images = None if data is None else parse(data)
        if data is None and evaluation is not None:
            notes.append("the images behind the figures are not there")
    except ArtifactError as error:
        notes.append(str(error))
    return Found(evaluation, images, tuple(notes))


def _content(folder: Path, name: str, metadata: Metadata | None) -> bytes | None:
    """Return the bytes of a file of the report; None where it is not there.

    Raises:
        ArtifactError: it is a link, no regular file, too large, or not the one that was published.
    """
    path = folder / REPORT / name
    try:
        if not stat.S_ISDIR(path.parent.lstat().st_mode):
            raise ArtifactError(f"{REPORT} is no folder")
        data = read_file(path, _MOST_BYTES[name])
    except FileNotFoundError:
        return None
    except Refused as refused:
        if refused.reason in _ABSENT:
            return None
        raise ArtifactError(f"{REPORT}/{name}: {refused.detail}") from refused
    except OSError as error:
        raise ArtifactError(f"{REPORT}/{name} cannot be read: {error.strerror}") from error
    stated = metadata.sha256.get(f"{REPORT}/{name}") if metadata else None
    if stated is not None and sha256(data).hexdigest() != stated:
        raise ArtifactError(f"{REPORT}/{name} does not have the SHA-256 that {METADATA} states")
    return data
