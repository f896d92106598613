"""Importing Keras in half the time.

Keras and TensorFlow import JAX, scikit-learn, pandas and matplotlib where they are installed, for uses that a
program which only loads and runs models has not: seconds of a start, and memory.
"""

import sys

_UNUSED = ("matplotlib", "pandas", "sklearn")


def spare_imports(backend: str) -> None:
    """Have the first import of Keras, on this backend, leave out what is not used.

    To the whole process these libraries are as if not installed, unless they, or Keras, were imported before.
    """
    if "keras" in sys.modules:
        return
    for name in _UNUSED if backend == "jax" else ("jax", *_UNUSED):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # so Python knows what is not to be had
