"""A Keras model on TensorFlow, compiled by XLA for one shape and dtype after another."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from modiste.prepare.graph import structured
from service.engine.forms import Launch, Outputs, computed_dtypes, fields
from service.rows import Rows, pack, unpack


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

    def __init__(self, model: Any, outputs: Sequence[str]) -> None:
        self._outputs = outputs
        taken, given = computed_dtypes(model.inputs), computed_dtypes(model.outputs)

        def forward(*batch: Any) -> list[Any]:
            inputs = [tf.cast(one, dtype) for one, dtype in zip(batch, taken, strict=True)]
            found = keras.tree.flatten(model(structured(model, inputs), training=False))
            return [tf.cast(one, dtype) for one, dtype in zip(found, given, strict=True)]

        self._forward = tf.function(forward, jit_compile=True)

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        return bool(tf.config.list_physical_devices("GPU"))

    def compile(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Launch:
        """Compile for rows of one shape and dtype."""
        # XLA compiles when a concrete function is called for the first time, so call it now.
        specs = [tf.TensorSpec(shape, tf.as_dtype(kind)) for shape, kind in fields(shape, dtype)]
        compiled = self._forward.get_concrete_function(*specs)
        launch = functools.partial(self._launch, compiled)
        launch(np.zeros(shape, dtype))()
        return launch

    def _launch(self, compiled: Any, batch: Rows) -> Outputs:
        outputs = compiled(*map(tf.convert_to_tensor, unpack(batch)))
        return lambda: pack(self._outputs, [one.numpy() for one in outputs])
