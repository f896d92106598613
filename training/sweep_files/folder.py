"""A sweep's folder, ``runs/<sweep>/<number>/``, and the folder of each training in it.

sweep.json              what is searched, and the trials so far
<variant>-seed<seed>/   a run (`training.fitting.run`), and how it ended (`training.sweep.row`)
table.md, table.csv, curves.png or trials.png
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modiste.names import safe_name
from training.files.locking import try_lock
from training.files.replacing import replace_text
from training.sweep_files.errors import SweepError

_RECORD = "sweep.json"


def choose_folder(sweeps: Path, out: Path | None, *, resume: bool) -> Path:
    """Return the folder for a new sweep, or the one of the sweep to go on with.

    Args:
        sweeps: the folder ``runs/<sweep>/``, of which a new sweep takes the next free number.
        out: a folder to take instead.
        resume: go on with the sweep in `out`, or with the newest one in `sweeps`.

    Raises:
        SweepError: there is none to go on with, or something stands already where a new one shall be.
    """
    numbered = _numbered(sweeps)
    if resume:
        begun = [out] if out is not None else [folder for _, folder in numbered]
        found = [folder for folder in begun if (folder / _RECORD).exists()]
        if not found:
            raise SweepError(f"There is no sweep to go on with in {out or sweeps}; leave --resume out.")
        return found[-1]
    if out is None:
        return sweeps / str(max((number for number, _ in numbered), default=0) + 1)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise SweepError(f"{out} exists and is no empty folder; to go on with a sweep in it, add --resume.")
    return out


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
