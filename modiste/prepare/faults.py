"""Telling the machine's faults from the file's, where a library raises whatever it likes."""

import errno

from modiste.prepare.errors import Failure, PrepareFailed

_STORAGE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_JAX_MEMORY = "RESOURCE_EXHAUSTED"  # XLA has one error for everything, and this word in front
_TENSORFLOW_MEMORY = "ResourceExhaustedError"  # by name: this module imports no TensorFlow


def raise_machine_fault(error: BaseException) -> None:
    """Raise a PrepareFailed where `error` says that memory or storage ran out, else do nothing.

    Such an error must not be taken for a fault of the file: another attempt may well succeed.
    """
    by_name = type(error).__name__ == _TENSORFLOW_MEMORY or str(error).startswith(_JAX_MEMORY)
    if isinstance(error, MemoryError) or by_name:
        raise PrepareFailed(Failure.MEMORY, "it needs more memory than the limit") from error
    if isinstance(error, OSError) and error.errno in _STORAGE:
        raise PrepareFailed(Failure.STORAGE, f"a file could not be written: {error.strerror}") from error
