"""From a version on disk to one that can answer: checked, prepared where it is raw, opened and warmed.

Everything here blocks, and runs in a thread beside the event loop.
"""

import itertools
import logging
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from modiste.artifact import (
    METADATA,
    ONNX,
    REPORT,
    SUMMARY,
    ArtifactError,
    Metadata,
    Summary,
    check_sums,
    file_sha256,
    source_file,
)
from modiste.prepare import PrepareError, PrepareFailed, PrepareLimits
from modiste.reading import Refused
from service.batching.batcher import Compute
from service.batching.pace import Pace
from service.engine.keras_engine import Backend, KerasEngine
from service.engine.model_thread import ModelThread
from service.engine.onnx_engine import OnnxEngine
from service.engine.pipeline import Pipeline
from service.engine.port import Engine
from service.engine.warm import batch_sizes, warm_up
from service.errors import ServingError
from service.repository.prepared_cache import PreparedCache
from service.repository.scan import Candidate
from service.rows import Rows
from service.signature import Signature

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadPolicy:
    """How versions are loaded, the same for all of them."""

    engine: Literal["auto", "onnx", "keras"]
    keras_backend: Backend
    keras_allowed: bool
    onnx_threads: int
    max_batch_rows: int
    inline_compute_s: float
    limits: PrepareLimits = field(default_factory=PrepareLimits)
    """Of what is read and prepared where a version is a raw model file."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One file of a version, as shown in its summary."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version that is open and warm.

    `compute` answers batches of up to `inline_rows` rows at once, in the event loop, for they take less than
    a hand-over is worth; for others it returns a future at once. `release` ends its threads. It may be called
    `batches_in_flight` times before the first result is there;
    results come in the order of the calls.
    """

    summary: Summary
    metadata: Metadata | None
    signature: Signature
    engine: Engine
    compute: Compute
    batches_in_flight: int
    inline_rows: int
    release: Callable[[], None]
    files: tuple[FileInfo, ...]
    pace: Pace


class Loader:
    """Loads candidates."""

    def __init__(self, policy: LoadPolicy, cache: PreparedCache) -> None:
        self._policy = policy
        self._cache = cache

    def is_quick(self, candidate: Candidate) -> bool:
        """Whether loading takes no more than opening a prepared graph."""
        return candidate.prepared and self._policy.engine != "keras"

    def load(self, candidate: Candidate) -> Loaded:
        """Check, prepare where needed, open and warm one version.

        Raises:
            ArtifactError: the folder does not keep the contract.
            modiste.prepare.PrepareError: a raw model file was refused or could not be prepared.
            ModelFailure: the engine does not answer as the summary states.
        """
        _require_regular_files(candidate)
        metadata = _metadata(candidate)
        source = candidate.source or source_file(candidate.folder)
        prepared = candidate.folder if candidate.prepared else self._prepare(source)
        summary = Summary.read(prepared / SUMMARY)
        if metadata is not None:
            _check_metadata(candidate, metadata)
        signature = Signature.of(summary, metadata)
        engine = self._open(summary, prepared, source, signature)
        try:
            seconds = warm_up(engine, signature, batch_sizes(self._policy.max_batch_rows))
        except BaseException:
            engine.close()
            raise
        inline_rows = 0
        # ONNX Runtime alone computes in the loop: a thread may compute for it at the same time, and another
        # device is never waited for there.
        if isinstance(engine, OnnxEngine):
            inline_rows = _inline_rows(seconds, self._policy.inline_compute_s)
        compute, release = _computing(engine, inline_rows, candidate)
        files = _files(candidate, prepared, source)
        in_flight = engine.batches_in_flight
        return Loaded(
            summary,
            metadata,
            signature,
            engine,
            compute,
            in_flight,
            inline_rows,
            release,
            files,
            Pace(seconds),
        )

    def _prepare(self, source: Path | None) -> Path:
        if source is None:
            raise ArtifactError("there is no model file: expected model.keras, model.h5, or a prepared form")
        return self._cache.prepared(source)

    def _open(self, summary: Summary, prepared: Path, source: Path | None, signature: Signature) -> Engine:
        kind = summary.engine if self._policy.engine == "auto" else self._policy.engine
        if kind == "onnx":
            return OnnxEngine(_checked_onnx(summary, prepared), self._policy.onnx_threads)
        if not self._policy.keras_allowed:
            raise ArtifactError("this version needs the Keras engine, which serves with one worker only")
        if source is None:
            raise ArtifactError("this version needs the Keras engine, and its model file is missing")
        sizes = batch_sizes(self._policy.max_batch_rows)
        policy = self._policy
        return KerasEngine(
            source, summary.source_sha256, sizes, policy.keras_backend, signature, limits=policy.limits
        )

    def cancel(self) -> None:
        """End a preparation that runs now, from another thread."""
        self._cache.cancel()


def _inline_rows(seconds: dict[int, float], limit_s: float) -> int:
    """Return the largest batch size up to which every one takes no longer than the limit."""
    quick = itertools.takewhile(lambda size: seconds[size] <= limit_s, sorted(seconds))
    return max(quick, default=0)


def _computing(engine: Engine, inline_rows: int, candidate: Candidate) -> tuple[Compute, Callable[[], None]]:
    """Compute long batches in threads of the version's own, so that they do not hold up the loop."""
    name = f"{candidate.model}-{candidate.version}"
    threads: ModelThread | Pipeline
    compute: Compute
    if isinstance(engine, KerasEngine) and engine.batches_in_flight > 1:
        threads = Pipeline(engine, name)
        compute = threads.compute
    else:
        thread = threads = ModelThread(name)

        def compute(rows: Rows) -> Rows | Awaitable[Rows]:
            return engine.infer(rows) if len(rows) <= inline_rows else thread.run(engine.infer, rows)

    def release() -> None:
        threads.close()
        engine.close()

    return compute, release


def _require_regular_files(candidate: Candidate) -> None:
    """Refuse links and pipes before anything opens them: one leads anywhere, the other may never end."""
    for name, _, _ in candidate.fingerprint:
        mode = (candidate.folder / name).lstat().st_mode
        if not stat.S_ISREG(mode):
            what = "a symbolic link, which is not followed" if stat.S_ISLNK(mode) else "no regular file"
            raise ArtifactError(f"{name} is {what}")


def _metadata(candidate: Candidate) -> Metadata | None:
    path = candidate.folder / METADATA
    if candidate.source is not None or not path.exists():
        return None
    return Metadata.read(path)


def _check_metadata(candidate: Candidate, metadata: Metadata) -> None:
    names = tuple(name for name, _, _ in candidate.fingerprint if name != METADATA)
    check_sums(candidate.folder, metadata, names)
    missing = [name for name in metadata.sha256 if not (candidate.folder / name).exists()]
    if missing and not missing[0].startswith(REPORT):
        raise ArtifactError(f"{missing[0]} is listed in {METADATA} and missing")


def _checked_onnx(summary: Summary, prepared: Path) -> Path:
    path = prepared / ONNX
    if summary.onnx_sha256 is None or not path.is_file():
        reason = summary.engine_reason or f"{ONNX} is missing"
        raise ArtifactError(f"this version has no form for the ONNX engine: {reason}")
    if file_sha256(path) != summary.onnx_sha256:
        raise ArtifactError(f"{ONNX} does not have the SHA-256 that {SUMMARY} states")
    return path


def _files(candidate: Candidate, prepared: Path, source: Path | None) -> tuple[FileInfo, ...]:
    paths = {prepared / ONNX, prepared / SUMMARY}
    if candidate.source is not None:
        paths.add(candidate.source)
    else:
        paths |= {candidate.folder / name for name, _, _ in candidate.fingerprint}
    present = sorted(path for path in paths if path.is_file())
    return tuple(FileInfo(p.name, p.stat().st_size, file_sha256(p)) for p in present)


def reason_of(error: Exception) -> str:
    """Return why a version could not be loaded, in words for an operator and without paths."""
    if isinstance(error, PrepareFailed) and error.log:
        logger.error("preparing failed; its process wrote: %s", error.log)
    if isinstance(error, ArtifactError | PrepareError | Refused | ServingError):
        return str(error)
    if isinstance(error, OSError):
        return f"a file cannot be read: {error.strerror}"
    logger.error("loading failed", exc_info=error)
    return f"{type(error).__name__} while loading; the log tells more"
