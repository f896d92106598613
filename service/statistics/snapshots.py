"""What the workers of one server tell each other of their counts: a file each, in the folder of its run.

A worker writes its own file alone, and replaces it as a whole. One that takes the place of a dead one goes
on from what that one had written, so that counts never fall and files never pile up.
"""

import contextlib
import logging
import os
import threading
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from service.run_folder import Place
from service.statistics.worker import WorkerStatistics

logger = logging.getLogger(__name__)

_DOCUMENT = TypeAdapter(WorkerStatistics)


class Snapshots:
    """The files of all workers, seen from one of them. Everything but `encode` blocks."""

    def __init__(self, place: Place) -> None:
        self._folder = place.folder
        self._path = place.folder / f"worker-{place.number}.json"
        # Several threads may want to write at a time: the newest stays, whoever comes last.
        self._lock = threading.Lock()
        self._written = 0
        self._told = False

    @staticmethod
    def encode(figures: WorkerStatistics) -> bytes:
        """Return what `write` takes."""
        return _DOCUMENT.dump_json(figures)

    def write(self, number: int, data: bytes) -> None:
        """Replace this worker's file, unless a snapshot of a higher number was written already.

        Where the folder cannot be written to, that is logged once, and others see what was written before.
        """
        with self._lock:
            if number <= self._written:
                return
            temporary = self._path.with_suffix(".new")
            try:
                temporary.write_bytes(data)
                os.replace(temporary, self._path)
                self._written = number
            except OSError as error:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                self._tell_once(f"statistics of this worker cannot be written: {error.strerror}")

    def before(self) -> WorkerStatistics | None:
        """Return what the worker whose place this one takes had written; None where there was none."""
        return self._read(self._path)

    def others(self) -> list[WorkerStatistics]:
        """Return what all other workers have counted, dead ones too."""
        paths = sorted(self._folder.glob("worker-*.json"))
        found = [self._read(path) for path in paths if path != self._path]
        return [one for one in found if one is not None]

    def _read(self, path: Path) -> WorkerStatistics | None:
        try:
            return _DOCUMENT.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell_once(f"statistics of another worker cannot be read: {error.strerror}")
        except ValidationError:
            self._tell_once(f"{path.name} holds no statistics, and is left out")
        return None

    def _tell_once(self, message: str) -> None:
        if not self._told:
            self._told = True
            logger.warning("%s; statistics are of fewer workers than there are", message)
