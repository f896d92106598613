"""Memory that does not suffice: one error of ours for TensorFlow's, JAX's and NumPy's, raised by real allocations."""

import keras
import numpy as np
import pytest
from training_data import small_dataset, small_recipe

from training.errors import OutOfMemoryError
from training.fitting.fit import fit
from training.fitting.memory import memory_is_told
from training.fitting.partition import hold_out
from training.model.compilation import compile_model
from training.model.network import build


class TooLarge(keras.layers.Layer):
    """Needs more memory in each step than a processor has addresses."""

    def call(self, x):
        # Of the step's own input, for TensorFlow computes beforehand what is the same in each.
        return x * keras.ops.mean(keras.ops.broadcast_to(keras.ops.mean(x), (2**24, 2**24)))


def test_a_step_that_needs_more_memory_than_there_is_is_told():
    data, recipe = small_dataset().train, small_recipe()
    part = hold_out(data.x, data.y.astype(np.int64), 0.2, 42)
    layers = build(recipe, (28, 28), 10).layers
    model = keras.Sequential([keras.Input((28, 28)), TooLarge(), *layers])
    compile_model(model, recipe, 20)
    with pytest.raises(OutOfMemoryError, match=r"\(OOM when allocating tensor"), memory_is_told():
        fit(model, recipe, part)


def test_numpys_and_jaxs_short_memory_are_told_alike_and_nothing_else_is():
    with pytest.raises(OutOfMemoryError, match=r"\(Unable to allocate .*\)\. Lower fit\.b"), memory_is_told():
        np.zeros(2**50, np.float64)
    jax = pytest.importorskip("jax")
    with pytest.raises(OutOfMemoryError, match=r"\(RESOURCE_EXHAUSTED: Out of memory"), memory_is_told():
        jax.numpy.zeros(2**45, dtype="float32").block_until_ready()
    with pytest.raises(ZeroDivisionError), memory_is_told():
        _ = 1 / 0
