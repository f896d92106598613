"""Examining and preparing model files, as a caller sees it: one call, in any thread, no Keras here.

The caller's process opens and hashes the file and nothing more; parsing, loading and converting
happen in a child process on a private copy, so that no file can harm a server.
"""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from modiste.artifact import ONNX, SUMMARY, Summary, file_sha256
from modiste.prepare.answers import (
    ANSWER,
    ANSWERS,
    Answer,
    ExaminedAnswer,
    FailedAnswer,
    PreparedAnswer,
    RefusedAnswer,
)
from modiste.prepare.errors import Failure, PrepareFailed, PrepareRefused
from modiste.prepare.limits import PrepareLimits
from modiste.prepare.process import Cancellation, log_tail, run_child
from modiste.reading import Findings, Reason, Refused
from modiste.reading.file import copy_file, read_file
from modiste.writable import nearest_folder, try_writing

_ANSWER_BYTES = 64 * 1024 * 1024
_TO_CONVERT = ("tensorflow", "keras", "tf2onnx")
_TO_DESCRIBE = ("jax", "keras")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file may be loaded; `found` is None where it may not."""

    ok: bool
    reason: Reason
    detail: str
    found: Findings | None = None


def available() -> bool:
    """Say whether a model file can be prepared here, without importing what it takes."""
    return _installed(_TO_CONVERT)


def available_unconverted() -> bool:
    """Say whether a model file can at least be prepared for the Keras engine, which JAX is enough for."""
    return _installed(_TO_DESCRIBE)


def _installed(names: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def examine(
    source: Path, *, limits: PrepareLimits | None = None, cancellation: Cancellation | None = None
) -> Verdict:
    """Say whether a model file may be loaded, without loading it; needs no Keras.

    Raises:
        PrepareFailed: this attempt failed.
        PrepareCancelled: `cancellation` was used.
    """
    try:
        with _private_folder() as folder:
            answer = _ask(
                folder, source, limits or PrepareLimits(), cancellation, examine_only=True, convert=False
            )
    except PrepareRefused as refusal:
        return Verdict(ok=False, reason=Reason(refusal.reason), detail=refusal.detail)
    if not isinstance(answer, ExaminedAnswer):
        raise PrepareFailed(Failure.CRASHED, "the child process answered another question")
    found = answer.found
    layers, values = len(found.layer_types), found.values
    detail = f"a {found.format} model of {layers} layers and {values} stored weights"
    return Verdict(ok=True, reason=Reason.OK, detail=detail, found=found)


def prepare(
    source: Path,
    destination: Path,
    *,
    convert: bool = True,
    limits: PrepareLimits | None = None,
    cancellation: Cancellation | None = None,
) -> Summary:
    """Prepare a ``.keras`` or ``.h5`` file: describe it, convert it to ONNX, compare the two.

    Writes ``summary.json`` into the folder `destination`, after ``model.onnx`` where the converted
    graph agrees with Keras; a reader that finds the summary finds all of it. Blocks until done.

    Args:
        source: the model file.
        destination: an existing or new folder, which no other preparation writes to meanwhile.
        convert: without, only described, on JAX, for the Keras engine. For a server's own use: a version
            is published with the form that serves everywhere, or unprepared.
        limits: what reading and preparing may use.
        cancellation: lets another thread end the call.

    Raises:
        PrepareRefused: the file is refused; see ``docs/model-files.md`` for the reasons.
        PrepareFailed: this attempt failed.
        PrepareCancelled: `cancellation` was used.
    """
    if not (available() if convert else available_unconverted()):
        missing = "TensorFlow is not installed: make train, or pip install -e '.[train]'"
        raise PrepareFailed(Failure.UNAVAILABLE, missing if convert else "JAX or Keras is not installed")
    _check_writable(destination)
    with _private_folder() as folder:
        answer = _ask(
            folder, source, limits or PrepareLimits(), cancellation, examine_only=False, convert=convert
        )
        if not isinstance(answer, PreparedAnswer):
            raise PrepareFailed(Failure.CRASHED, "the child process answered another question")
        _publish(folder, destination, answer.summary)
        return answer.summary


def _check_writable(destination: Path) -> None:
    """Find out before the work whether its result has a place."""
    try:
        try_writing(nearest_folder(destination))
    except OSError as error:
        detail = f"the destination is no folder that can be written to: {error.strerror}"
        raise PrepareFailed(Failure.STORAGE, detail) from error


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Give a folder that is removed afterwards, whatever the child left in it."""
    try:
        with tempfile.TemporaryDirectory(prefix="modiste-prepare-", ignore_cleanup_errors=True) as name:
            yield Path(name)
    except OSError as error:
        raise PrepareFailed(Failure.STORAGE, f"a file could not be written: {error.strerror}") from error


def _ask(
    folder: Path,
    source: Path,
    limits: PrepareLimits,
    cancellation: Cancellation | None,
    *,
    examine_only: bool,
    convert: bool,
) -> Answer:
    """Run the child on a private copy of the file; the answer is about that copy, and is no refusal."""
    copy = folder / f"source{source.suffix.lower()}"
    try:
        sha256 = copy_file(source, copy, limits.reading.file_bytes)
    except Refused as refusal:
        raise PrepareRefused(refusal.reason, refusal.detail) from refusal
    request = {
        "source": copy.name,
        "limits": asdict(limits),
        "examine_only": examine_only,
        "convert": convert,
    }
    run_child(folder, request, limits.wall_s, cancellation or Cancellation())
    answer = _read_answer(folder)
    match answer:
        case RefusedAnswer():
            raise PrepareRefused(answer.reason, answer.detail)
        case FailedAnswer():
            raise PrepareFailed(answer.reason, answer.detail, log_tail(folder))
        case ExaminedAnswer():
            described = answer.found.sha256
        case PreparedAnswer():
            described = answer.summary.source_sha256
    if described != sha256:
        raise PrepareFailed(
            Failure.CRASHED, "the child process answered about another file", log_tail(folder)
        )
    return answer


def _read_answer(folder: Path) -> Answer:
    try:
        return ANSWERS.validate_json(read_file(folder / ANSWER, _ANSWER_BYTES))
    except (Refused, ValidationError) as error:
        detail = "the child process gave no valid answer"
        raise PrepareFailed(Failure.CRASHED, detail, log_tail(folder)) from error


def _publish(folder: Path, destination: Path, summary: Summary) -> None:
    """Put the prepared files in place: each appears whole, the summary last."""
    destination.mkdir(parents=True, exist_ok=True)
    (destination / SUMMARY).unlink(missing_ok=True)
    (destination / ONNX).unlink(missing_ok=True)
    if summary.engine == "onnx":
        if file_sha256(folder / ONNX) != summary.onnx_sha256:
            raise PrepareFailed(Failure.CRASHED, "the converted graph is not the one the answer describes")
        _place(folder / ONNX, destination / ONNX)
    summary.write(folder / SUMMARY)
    _place(folder / SUMMARY, destination / SUMMARY)


def _place(source: Path, target: Path) -> None:
    """Copy beside the target, then rename: the temporary folder may be on another file system."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(source, partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
