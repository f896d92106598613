"""Importing Keras in little more than half the time.

Keras and TensorFlow import JAX, scikit-learn, pandas and matplotlib where they are installed, for uses that
Modiste has not: seconds of a start, and memory.
"""

import importlib
import sys

_UNUSED = ("matplotlib", "pandas", "sklearn")


def import_keras(backend: str | None = None) -> None:
    """Import Keras as if what it does not use were not installed; who needs that imports it afterwards.

    Args:
        backend: what Keras will run on, where that is known already: on TensorFlow, JAX is left out too.
    """
    unused = _UNUSED if backend != "tensorflow" else ("jax", *_UNUSED)
    # None is how Python itself marks what is not to be had.
    hidden = [name for name in unused if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        importlib.import_module("keras")
    finally:
        for name in hidden:
            del sys.modules[name]
