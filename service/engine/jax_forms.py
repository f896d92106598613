"""A Keras model on JAX, compiled ahead of time for one shape and dtype after another.

The weights are arguments of every form and not constants in it, so that all forms share them. The input
is not donated: an output of a classifier never has its size, so that there is nothing to write into it.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import SingleDeviceSharding
from numpy.typing import DTypeLike, NDArray

from service.engine.forms import Launch, Outputs

# A GPU would multiply float32 with ten bits of mantissa; the answers are to be those of every other engine.
_PRECISION = "highest"


class JaxForms:
    """Compiles and launches; see `service.engine.forms.Forms`."""

    def __init__(self, model: Any) -> None:
        self._device = jax.devices()[0]
        self._weights = jax.device_put(
            (
                [variable.value for variable in model.trainable_variables],
                [variable.value for variable in model.non_trainable_variables],
            ),
            self._device,
        )

        def forward(weights: Any, batch: Any) -> Any:
            outputs, _ = model.stateless_call(*weights, batch.astype(jnp.float32), training=False)
            return outputs.astype(jnp.float32)

        self._forward = jax.jit(forward)

    @property
    def on_accelerator(self) -> bool:
        """Whether the device is another than the processor."""
        return bool(self._device.platform != "cpu")

    def compile(self, shape: tuple[int, ...], dtype: DTypeLike) -> Launch:
        """Compile for batches of one shape and dtype."""
        batch = jax.ShapeDtypeStruct(shape, np.dtype(dtype), sharding=SingleDeviceSharding(self._device))  # type: ignore[no-untyped-call]
        with jax.default_matmul_precision(_PRECISION):
            compiled = self._forward.lower(self._weights, batch).compile()
        return functools.partial(self._launch, compiled)

    def _launch(self, compiled: Any, batch: NDArray[Any]) -> Outputs:
        # Nothing here waits: the copy in, the forward pass and the copy out follow one another on the device.
        outputs = compiled(self._weights, jax.device_put(batch, self._device))
        outputs.copy_to_host_async()
        return functools.partial(np.asarray, outputs)
