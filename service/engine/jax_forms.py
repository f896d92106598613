"""A Keras model on JAX, compiled ahead of time for one shape and dtype after another.

The weights are arguments of every form and not constants in it, so that all forms share them. The input
is not donated: an output of a classifier never has its size, so that there is nothing to write into it.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import keras
import numpy as np
from jax.sharding import SingleDeviceSharding

from modiste.prepare.graph import structured
from service.engine.forms import Launch, Outputs, computed_dtypes, fields
from service.rows import Rows, pack, unpack

# A GPU would multiply float32 with ten bits of mantissa; the answers are to be those of every other engine.
_PRECISION = "highest"


class JaxForms:
    """Compiles and launches; see `service.engine.forms.Forms`."""

    def __init__(self, model: Any, outputs: Sequence[str]) -> None:
        self._outputs = outputs
        self._device = jax.devices()[0]
        self._weights = jax.device_put(
            (
                [variable.value for variable in model.trainable_variables],
                [variable.value for variable in model.non_trainable_variables],
            ),
            self._device,
        )

        taken, given = computed_dtypes(model.inputs), computed_dtypes(model.outputs)

        def forward(weights: Any, batch: Any) -> Any:
            inputs = [one.astype(dtype) for one, dtype in zip(batch, taken, strict=True)]
            found, _ = model.stateless_call(*weights, structured(model, inputs), training=False)
            pairs = zip(keras.tree.flatten(found), given, strict=True)
            return [one.astype(dtype) for one, dtype in pairs]

        self._forward = jax.jit(forward)

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        return bool(self._device.platform != "cpu")

    def compile(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Launch:
        """Compile for rows of one shape and dtype."""
        place: Any = SingleDeviceSharding(self._device)
        batch = [
            jax.ShapeDtypeStruct(shape, kind, sharding=place)  # type: ignore[no-untyped-call]
            for shape, kind in fields(shape, dtype)
        ]
        with jax.default_matmul_precision(_PRECISION):
            compiled = self._forward.lower(self._weights, batch).compile()
        return functools.partial(self._launch, compiled)

    def _launch(self, compiled: Any, batch: Rows) -> Outputs:
        # Nothing here waits: the copy in, the forward pass and the copy out follow one another on the device.
        outputs = compiled(self._weights, jax.device_put(unpack(batch), self._device))
        for one in outputs:
            one.copy_to_host_async()
        return lambda: pack(self._outputs, [np.asarray(one) for one in outputs])
