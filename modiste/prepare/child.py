"""The child process: every step of preparing, under limits that it sets for itself first.

    1. limits on memory, processor time and file size; ends when the parent does
    2. the file is read and checked without Keras        (modiste.reading)
    3. its size is counted, then it is loaded            (loading)
    4. probe rows go through it                          (probe)
    5. it is described                                   (describe)
    6. it is converted and compared with itself          (conversion)

It reads one line of JSON, works in its working folder, and leaves ``answer.json`` there.
"""

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modiste.prepare.answers import (
    ANSWER,
    CHECKED,
    Answer,
    ExaminedAnswer,
    FailedAnswer,
    PreparedAnswer,
    RefusedAnswer,
)
from modiste.prepare.errors import Failure, PrepareFailed
from modiste.prepare.faults import raise_machine_fault
from modiste.prepare.limits import PrepareLimits
from modiste.quick_keras import import_keras
from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.model_file import ModelFile, read

_READING_BYTES = 2 * 1024**3  # the interpreter and its libraries, and JSON of the largest size
_READING_TIMES = 8  # an archive, its members, and a member packed as tightly as trained weights go


def main() -> None:
    """Prepare the file that the request on standard input names."""
    request = json.loads(sys.stdin.buffer.readline())
    settings = request["limits"]
    limits = PrepareLimits(**(settings | {"reading": ReadingLimits(**settings["reading"])}))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit_process(limits)
    answer = _answer(
        Path(request["source"]),
        limits.reading,
        examine_only=request["examine_only"],
        converted=request["convert"],
    )
    partial = Path(f"{ANSWER}.partial")
    partial.write_text(answer.model_dump_json(), encoding="utf-8")
    partial.replace(ANSWER)
    sys.stdout.flush()
    os._exit(0)  # tearing TensorFlow down takes longer than a small model does


def _answer(source: Path, limits: ReadingLimits, *, examine_only: bool, converted: bool) -> Answer:
    try:
        file = _read(source, limits)
        if examine_only:
            return ExaminedAnswer(found=file.findings())
        import_keras(os.environ["KERAS_BACKEND"])
        # Here and not above: a file that is refused by now never waits for TensorFlow's import.
        from modiste.prepare.steps import prepare_file

        return PreparedAnswer(summary=prepare_file(file, source, Path(), limits, converted=converted))
    except Refused as refusal:
        return RefusedAnswer(reason=refusal.reason, detail=refusal.detail)
    except PrepareFailed as failure:
        return FailedAnswer(reason=Failure(failure.reason), detail=failure.detail)


def _read(source: Path, limits: ReadingLimits) -> ModelFile:
    """Read the file against the clock: the HDF5 library loops for ever on some damaged files.

    The alarm's default action ends the process in the midst of C code, where no exception could. Memory is
    bounded by the file's size meanwhile: the library unpacks a chunk to whatever its bytes say.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    most = _READING_BYTES + _READING_TIMES * source.stat().st_size
    try:
        with _less_memory(most):
            file = read(source, limits)
    except (MemoryError, OSError) as error:
        if isinstance(error, MemoryError) and most < resource.getrlimit(resource.RLIMIT_AS)[1]:
            detail = f"reading it takes more than the {most} bytes of memory that a file of its size may take"
            raise Refused(Reason.WEIGHTS_NOT_STORED, detail) from error
        raise_machine_fault(error)
        raise
    signal.setitimer(signal.ITIMER_REAL, 0)
    Path(CHECKED).touch()
    return file


@contextmanager
def _less_memory(most: int) -> Iterator[None]:
    """Bound this process's memory for the block, where it is not bounded closer already."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open for as long as it lives."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def limit_process(limits: PrepareLimits) -> None:
    """Bound this process, before it touches the file, and never above a bound that it is under already."""
    wanted = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


if __name__ == "__main__":
    main()
