"""What can come of preparing, beside a summary.

    PrepareError
    |-- PrepareRefused     the file is at fault: do not try it again until it changes
    |-- PrepareFailed      this attempt is at fault: the machine, a limit, a missing library
    `-- PrepareCancelled   the caller changed its mind

Every one carries a stable `reason` and a `detail` for people, without a path; both are documented
in ``docs/model-files.md``.
"""

from enum import StrEnum

from modiste.reading import Reason


class Failure(StrEnum):
    """The stable word that names a failed attempt."""

    UNAVAILABLE = "unavailable"  # TensorFlow, Keras or tf2onnx is not installed
    TIMEOUT = "timeout"  # over the limit of wall time or of processor time
    MEMORY = "memory"  # over the limit of memory
    STORAGE = "storage"  # a file could not be written: the disk is full, or over the limit of file size
    CRASHED = "crashed"  # the child process ended without an answer
    KILLED = "killed"  # somebody ended the child process, or the system did for want of memory


class PrepareError(Exception):
    """Preparing brought no summary; `reason` is a stable word, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class PrepareRefused(PrepareError):
    """The file itself is refused; `reason` is a `modiste.reading.Reason`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(str(reason), detail)


class PrepareFailed(PrepareError):
    """This attempt failed, another may not; `reason` is a `Failure`.

    Attributes:
        log: the end of what the child process wrote to its standard error, for the operator's log.
    """

    def __init__(self, reason: Failure, detail: str, log: str = "") -> None:
        super().__init__(str(reason), detail)
        self.log = log


class PrepareCancelled(PrepareError):
    """`Cancellation.cancel` was called."""

    def __init__(self) -> None:
        super().__init__("cancelled", "preparing was cancelled")
