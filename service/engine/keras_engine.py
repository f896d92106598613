"""The engine for GPUs and for what ONNX cannot express: the Keras model itself, compiled by XLA.

Every batch size in use is compiled ahead, and rows are padded to the next one: a new size would
otherwise be traced and compiled in front of a waiting caller (tensorflow/tensorflow#34907). The
model lives in one thread, which is the only one that touches it.
"""

import os
import tempfile
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from modiste.artifact import ArtifactError
from modiste.prepare import examine
from modiste.reading import ReadingLimits
from modiste.reading.file import copy_file

Backend = Literal["tensorflow", "jax"]
Forward = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class KerasEngine:
    """A Keras model compiled for fixed batch sizes."""

    name = "keras"

    def __init__(self, path: Path, sha256: str, sizes: list[int], backend: Backend) -> None:
        """Check a model file once more, in this process that will run it, and load it.

        Args:
            path: the ``.keras`` or ``.h5`` file.
            sha256: of the file that was prepared.
            sizes: the batch sizes, ascending.
            backend: of Keras; read by Keras once in a process, so every version has the same.
        """
        os.environ["KERAS_BACKEND"] = backend
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        # Imported here: a server of prepared versions must start without TensorFlow.
        import keras

        from modiste.prepare.loading import load_for_serving

        if keras.backend.backend() != backend:
            raise RuntimeError(f"Keras runs on {keras.backend.backend()} in this process, not on {backend}")
        if backend == "tensorflow":
            _grow_device_memory()
        with tempfile.TemporaryDirectory(prefix="modiste-load-") as folder:
            # A private copy: nobody can exchange the file between the check and the loading.
            copy = Path(folder) / f"model{path.suffix}"
            if copy_file(path, copy, ReadingLimits().file_bytes) != sha256:
                raise ArtifactError(f"{path.name} is not the file that was prepared")
            # A summary can be written by anyone: what it vouches for is examined again, in a child.
            verdict = examine(copy)
            if not verdict.ok:
                raise ArtifactError(f"{verdict.reason}: {verdict.detail}")
            model = load_for_serving(copy)
        self._sizes = sizes
        self._forward = _compiled_tensorflow(model) if backend == "tensorflow" else _compiled_jax(model)

    def infer(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Pad to the next compiled size and compute; see `service.engine.port.Engine`."""
        count = len(rows)
        size = self._sizes[min(bisect_left(self._sizes, count), len(self._sizes) - 1)]
        batch = np.zeros((max(size, count), *rows.shape[1:]), np.float32)
        batch[:count] = rows
        return self._forward(batch)[:count]

    def close(self) -> None:
        """Drop the compiled model; TensorFlow keeps most of its memory until the process ends."""
        del self._forward


def _grow_device_memory() -> None:
    """Take a device's memory as it is needed: by default TensorFlow takes nearly all of it at once.

    The complaint: tensorflow/serving#1929. Must happen before anything is placed on the device.
    """
    import tensorflow as tf

    for device in tf.config.list_physical_devices("GPU"):
        if not tf.config.experimental.get_memory_growth(device):
            tf.config.experimental.set_memory_growth(device, True)


def _compiled_tensorflow(model: Any) -> Forward:
    import tensorflow as tf

    def forward(batch: Any) -> Any:
        return tf.cast(model(batch, training=False), tf.float32)

    compiled = tf.function(forward, jit_compile=True)

    def call(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = compiled(tf.convert_to_tensor(batch)).numpy()
        return outputs

    return call


def _compiled_jax(model: Any) -> Forward:
    import jax
    import jax.numpy as jnp

    trainable = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]

    def forward(trainable: Any, fixed: Any, batch: Any) -> Any:
        outputs, _ = model.stateless_call(trainable, fixed, batch, training=False)
        return outputs.astype(jnp.float32)

    compiled = jax.jit(forward)

    def call(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(compiled(trainable, fixed, batch))

    return call
