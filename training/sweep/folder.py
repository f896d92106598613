"""A sweep's folder, ``runs/<sweep>/<number>/``, and the folder of each training in it.

sweep.json              what is searched, and the trials so far
<variant>-seed<seed>/   a run (`training.run`), and how it ended (`training.sweep.row`)
table.md, table.csv, curves.png or trials.png
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modiste.names import safe_name
from training.locking import try_lock
from training.logs.replacing import replace_text
from training.sweeps.errors import SweepError

_RECORD = "sweep.json"


def next_folder(sweeps: Path) -> Path:
    """Return the next free number under ``runs/<sweep>/``; it is not made."""
    return sweeps / str(max((number for number, _ in _numbered(sweeps)), default=0) + 1)


def last_folder(sweeps: Path) -> Path:
    """Return the newest sweep under ``runs/<sweep>/``.

    Raises:
        SweepError: there is none.
    """
    found = [folder for _, folder in _numbered(sweeps) if (folder / _RECORD).exists()]
    if not found:
        raise SweepError(f"There is no sweep to go on with in {sweeps}.")
    return found[-1]


def holds_sweep(folder: Path) -> bool:
    """Say whether a sweep was begun there."""
    return (folder / _RECORD).exists()


def training_folder(folder: Path, variant: str, seed: int) -> Path:
    """Return the folder of one training."""
    return folder / f"{safe_name(variant)}-seed{seed}"


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Make the folder where it is missing, and have it to oneself within the block.

    Raises:
        SweepError: it cannot be made, or another process has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SweepError(f"The sweep cannot be kept in {folder}: {error.strerror}.") from error
    lock = try_lock(folder)
    if lock is None:
        raise SweepError(f"The sweep in {folder} belongs to another process at the moment.")
    try:
        yield
    finally:
        os.close(lock)


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return what a sweep noted about itself, or None where none was begun.

    Raises:
        SweepError: the note cannot be read.
    """
    path = folder / _RECORD
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it is no JSON object")
        return record
    except (OSError, ValueError) as error:
        raise SweepError(f"{path} cannot be read: {error}.") from error


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Note something about a sweep, in one step.

    Raises:
        SweepError: the folder cannot be written to.
    """
    try:
        replace_text(folder / _RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SweepError(f"The sweep cannot be kept in {folder}: {error.strerror}.") from error


def _numbered(sweeps: Path) -> list[tuple[int, Path]]:
    if not sweeps.is_dir():
        return []
    return sorted((int(path.name), path) for path in sweeps.iterdir() if path.name.isdecimal())
