"""Preparing a model file, as the caller sees it: one call, in any thread, that loads no Keras here.

The caller's process opens and hashes the file and nothing more; parsing, loading and converting
happen in a child process on a private copy, so that no file can harm a server.
"""

import importlib.util
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modiste.artifact import ONNX, SUMMARY, Summary, file_sha256
from modiste.prepare.errors import Failure, PrepareFailed, PrepareRefused
from modiste.prepare.limits import PrepareLimits
from modiste.prepare.process import LOG, Cancellation, run_child
from modiste.reading import Reason, Refused
from modiste.reading.file import copy_file, read_file

ANSWER = "answer.json"
_ANSWER_BYTES = 64 * 1024 * 1024
_NEEDED = ("tensorflow", "keras", "tf2onnx")


def available() -> bool:
    """Say whether a model file can be prepared here, without importing what it takes."""
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED)


def prepare(
    source: Path,
    destination: Path,
    *,
    limits: PrepareLimits | None = None,
    cancellation: Cancellation | None = None,
) -> Summary:
    """Prepare a ``.keras`` or ``.h5`` file: describe it, convert it to ONNX, compare the two.

    Writes ``summary.json`` into the folder `destination`, after ``model.onnx`` where the converted
    graph agrees with Keras; a reader that finds the summary finds all of it. Blocks until done.

    Args:
        source: the model file.
        destination: an existing or new folder, which no other preparation writes to meanwhile.
        limits: what reading and preparing may use.
        cancellation: lets another thread end the call.

    Raises:
        PrepareRefused: the file is refused; see ``docs/model-files.md`` for the reasons.
        PrepareFailed: this attempt failed.
        PrepareCancelled: `cancellation` was used.
    """
    limits = limits or PrepareLimits()
    if not available():
        raise PrepareFailed(Failure.UNAVAILABLE, "TensorFlow is not installed: pip install 'modiste[train]'")
    try:
        with tempfile.TemporaryDirectory(prefix="modiste-prepare-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            summary = _prepare_in(folder, source, limits, cancellation or Cancellation())
            _publish(folder, destination, summary)
            return summary
    except Refused as refusal:
        raise PrepareRefused(refusal.reason, refusal.detail) from refusal
    except OSError as error:
        raise PrepareFailed(Failure.STORAGE, f"a file could not be written: {error.strerror}") from error


def _prepare_in(folder: Path, source: Path, limits: PrepareLimits, cancellation: Cancellation) -> Summary:
    copy = folder / f"source{source.suffix.lower()}"
    sha256 = copy_file(source, copy, limits.reading.file_bytes)
    run_child(folder, {"source": copy.name, "limits": asdict(limits)}, limits.wall_s, cancellation)
    answer = _read_answer(folder)
    match answer.get("outcome"):
        case "refused":
            raise PrepareRefused(Reason(answer["reason"]), answer["detail"])
        case "failed":
            raise PrepareFailed(Failure(answer["reason"]), answer["detail"], _tail(folder))
    try:
        summary = Summary.model_validate(answer["summary"])
    except ValidationError as error:
        raise PrepareFailed(Failure.CRASHED, "the answer is not a summary", _tail(folder)) from error
    if summary.source_sha256 != sha256:
        raise PrepareFailed(Failure.CRASHED, "the answer is about another file", _tail(folder))
    return summary


def _read_answer(folder: Path) -> dict[str, Any]:
    try:
        answer = json.loads(read_file(folder / ANSWER, _ANSWER_BYTES))
    except (Refused, ValueError) as error:
        raise PrepareFailed(
            Failure.CRASHED, "the process that prepares models gave no answer", _tail(folder)
        ) from error
    return answer if isinstance(answer, dict) else {}


def _tail(folder: Path) -> str:
    return (folder / LOG).read_text(encoding="utf-8", errors="replace")[-4096:]


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
