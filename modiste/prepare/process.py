"""The child process that prepares a file: started, awaited, and killed when it must be.

The child gets an environment made for it, a folder of its own as its home and its working folder,
and one line of JSON. It never outlives the parent: it ends when its standard input does.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modiste.prepare.answers import CHECKED
from modiste.prepare.errors import Failure, PrepareCancelled, PrepareError, PrepareFailed, PrepareRefused
from modiste.reading import Reason

LOG = "log.txt"
_LOG_BYTES = 4096
_OUT_OF_MEMORY = "bad_alloc"  # what C++ says last where an allocation fails
_CRASHES = frozenset(
    {signal.SIGABRT, signal.SIGALRM, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV}
)
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Cancellation:
    """Lets another thread end a preparation: `cancel` kills the child, at once or as soon as it starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End the preparation; it raises PrepareCancelled in the thread that waits for it."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.kill()

    def attach(self, process: subprocess.Popen[bytes]) -> None:
        """Take charge of a process that has just started."""
        with self._lock:
            self._process = process
            if self._cancelled:
                process.kill()


def run_child(folder: Path, request: Mapping[str, Any], wall_s: float, cancellation: Cancellation) -> None:
    """Run the child in `folder` with `request` until it ends by itself.

    Keras runs on TensorFlow, which the converter needs; on JAX where nothing is to be converted.

    Raises:
        PrepareCancelled: `cancellation` was used.
        PrepareRefused: it crashed while it read the file.
        PrepareFailed: it took longer than `wall_s`, or ended with an error later.
    """
    if cancellation.cancelled:
        raise PrepareCancelled
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            # -P: what lies in the working folder is data, never a module to import.
            [sys.executable, "-P", "-m", "modiste.prepare.child"],
            bufsize=0,  # or closing the pipe would send again what a dead child did not take
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(folder, "tensorflow" if request["convert"] else "jax"),
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent, which decides
        )
    try:
        cancellation.attach(process)
        _send(process, request)
        status = process.wait(timeout=wall_s)
    except subprocess.TimeoutExpired as error:
        raise PrepareFailed(Failure.TIMEOUT, f"it took longer than {wall_s:g} s", log_tail(folder)) from error
    finally:
        process.kill()  # does nothing to one that has ended
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
    if cancellation.cancelled:
        raise PrepareCancelled
    if status != 0:
        raise _error(status, (folder / CHECKED).exists(), log_tail(folder))


def _send(process: subprocess.Popen[bytes], request: Mapping[str, Any]) -> None:
    """Write the request and leave the pipe open: its end tells the child that the parent is gone."""
    assert process.stdin is not None, "the process was started with a pipe"
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it was killed or failed to start; its status tells which


def _environment(folder: Path, backend: str) -> dict[str, str]:
    """Return what the child may know: no secrets of the parent's, no settings that change Keras."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {
        # It imports from where the parent does, however that was arranged.
        "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "KERAS_HOME": str(folder),
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "120",  # room for the table that model.summary() draws
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _error(status: int, checked: bool, log: str) -> PrepareError:
    """Say whose fault it is that the child ended with `status`: before the file was checked, the file's."""
    if not checked and -status in _CRASHES:
        detail = "the HDF5 library crashes on it or never comes back from it"
        return PrepareRefused(Reason.WEIGHTS_DAMAGED, detail)
    if status == -signal.SIGXCPU:
        return PrepareFailed(Failure.TIMEOUT, "it used more processor time than the limit", log)
    if _OUT_OF_MEMORY in log:
        return PrepareFailed(Failure.MEMORY, "it needs more memory than the limit", log)
    if status == -signal.SIGKILL:
        return PrepareFailed(Failure.KILLED, "the process that prepares models was killed", log)
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    return PrepareFailed(Failure.CRASHED, f"the process that prepares models ended {how}", log)


def log_tail(folder: Path) -> str:
    """Return the end of what the child wrote to its standard output and error."""
    with (folder / LOG).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")
