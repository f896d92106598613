"""A memory that does not suffice, as one error whatever the backend.

Where the kernel itself takes the memory away it kills the process, and nobody is left to tell.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from training.errors import OutOfMemoryError

# By name, for neither backend need be installed: TensorFlow's, and JAX's by its old name and its new one.
_OF_TENSORFLOW = "ResourceExhaustedError"
_OF_JAX = ("XlaRuntimeError", "JaxRuntimeError")
_TOLD = re.compile("(OOM when allocating|Out of memory|Unable to allocate|RESOURCE_EXHAUSTED)[^\n\x1b]*")


@contextmanager
def memory_is_told() -> Iterator[None]:
    """Raise `OutOfMemoryError` in place of what the backend, or NumPy, raises when memory is short.

    Raises:
        OutOfMemoryError: the block needs more memory than there is.
    """
    try:
        yield
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        told = _TOLD.search(str(error))
        raise OutOfMemoryError(
            f"Training stopped: the memory does not suffice ({told[0] if told else type(error).__name__}). "
            "Lower fit.batch_size in the recipe, or give network.layers fewer units or filters."
        ) from error


def _is_out_of_memory(error: Exception) -> bool:
    kind = type(error).__name__
    if kind in _OF_JAX:
        return "RESOURCE_EXHAUSTED" in str(error)
    return isinstance(error, MemoryError) or kind == _OF_TENSORFLOW
