"""What each worker of a server answers by, told to the others: a small file each, in the folder of its run.

So the worker that an operator asked can say when all of them do what was asked.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from service.run_folder import Place


class Standing(BaseModel):
    """What one worker answers by.

    Attributes:
        revision: of the wishes that it has read.
        leading: by model, the version that answers for it; models without any are left out.
        labels: by model, the version to which each label points.
    """

    model_config = ConfigDict(frozen=True)

    revision: int = -1
    leading: Mapping[str, int] = {}
    labels: Mapping[str, Mapping[str, int]] = {}


class Standings:
    """The files of all workers, seen from one of them. All of it blocks."""

    def __init__(self, place: Place) -> None:
        self._own = _file(place.folder, place.number)
        self._others = [_file(place.folder, n) for n in range(place.workers) if n != place.number]

    def write(self, standing: Standing) -> None:
        """Tell the others. Where that cannot be done, they wait for this worker in vain, and say so."""
        partial = self._own.with_suffix(".new")
        with suppress(OSError):
            partial.write_text(standing.model_dump_json())
            os.replace(partial, self._own)

    def others(self) -> list[Standing]:
        """Return what every other worker told last; one that told nothing yet has read nothing."""
        return [_read(path) for path in self._others]


def _file(folder: Path, number: int) -> Path:
    return folder / f"standing-{number}.json"


def _read(path: Path) -> Standing:
    try:
        return Standing.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Standing()
