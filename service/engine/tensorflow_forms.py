"""A Keras model on TensorFlow, compiled by XLA for one shape and dtype after another."""

import functools
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import DTypeLike, NDArray

from service.engine.forms import Launch, Outputs


def set_up() -> None:
    """Take a device's memory as it is needed, and multiply in full float32.

    By default TensorFlow takes nearly all memory at once (tensorflow/serving#1929). Must happen before
    anything is placed on the device.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for device in tf.config.list_physical_devices("GPU"):
        if not tf.config.experimental.get_memory_growth(device):
            tf.config.experimental.set_memory_growth(device, True)


class TensorFlowForms:
    """Compiles and launches; see `service.engine.forms.Forms`."""

    def __init__(self, model: Any) -> None:
        def forward(batch: Any) -> Any:
            return tf.cast(model(tf.cast(batch, tf.float32), training=False), tf.float32)

        self._forward = tf.function(forward, jit_compile=True)

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        return bool(tf.config.list_physical_devices("GPU"))

    def compile(self, shape: tuple[int, ...], dtype: DTypeLike) -> Launch:
        """Compile for batches of one shape and dtype."""
        # XLA compiles when a concrete function is called for the first time, so call it now.
        compiled = self._forward.get_concrete_function(tf.TensorSpec(shape, tf.as_dtype(np.dtype(dtype))))
        launch = functools.partial(_launch, compiled)
        launch(np.zeros(shape, dtype))()
        return launch


def _launch(compiled: Any, batch: NDArray[Any]) -> Outputs:
    fetch: Outputs = compiled(tf.convert_to_tensor(batch)).numpy
    return fetch
