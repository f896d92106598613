"""Starting Keras with a readable terminal, and so that one recipe and seed give one result.

TensorFlow's libraries write notes for their developers to the standard error descriptor when they are
loaded, before any setting of theirs is read; so the descriptor itself is turned away meanwhile.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from modiste.quick_keras import import_keras

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def start_keras() -> None:
    """Import Keras, have its backend compute alike each time, and let it find its devices.

    All without the libraries' notes.

    Whoever set ``TF_CPP_MIN_LOG_LEVEL`` wants to read them, and does.
    """
    if _LEVEL in os.environ:
        _start()
        return
    os.environ[_LEVEL] = "3"
    with _stderr_set_aside():
        _start()


def _start() -> None:
    import_keras(os.environ.get("KERAS_BACKEND"))
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow

            tensorflow.config.experimental.enable_op_determinism()
            logging.getLogger("tensorflow").addFilter(_is_news)
        case "jax":
            # Read when JAX looks for its devices: without it a GPU adds up in an order of its own.
            flags = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    keras.ops.zeros(1)
    # That ``.h5`` is an old format, and that metrics are built later, is known here and no news to users.
    logging.getLogger("absl").setLevel(logging.ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    """Let warnings pass but the one that another network is compiled anew, as it must be."""
    return "retracing" not in record.getMessage()


@contextmanager
def _stderr_set_aside() -> Iterator[None]:
    """Send standard error to a file, and show it after all where the block fails.

    Ctrl-C is no failure that the notes could explain.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
