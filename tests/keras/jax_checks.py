"""What the Keras engine must do on JAX alone; run by `test_keras_engine_jax` in a process of its own."""

import jax
import numpy as np
import pytest

from tests.keras.engine_checks import MOST, dense, opened, pixels

COMPILED = "/jax/core/compile/backend_compile_duration"


def test_a_request_never_compiles(tmp_path):
    compiled: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: compiled.append(name) if name == COMPILED else None
    )
    engine = opened(dense(), tmp_path)
    ahead = len(compiled)
    assert ahead >= 8  # four sizes, as bytes and as float32
    for count in range(1, MOST + 1):
        for dtype in (np.uint8, np.float32):
            engine.infer(pixels(count).astype(dtype))
    assert len(compiled) == ahead


def test_bytes_are_what_goes_to_the_device(tmp_path, monkeypatch):
    engine = opened(dense(), tmp_path)
    sent: list[tuple[tuple[int, ...], np.dtype]] = []
    put = jax.device_put

    def watched(batch, *args):
        sent.append((batch.shape, batch.dtype))
        return put(batch, *args)

    monkeypatch.setattr(jax, "device_put", watched)
    engine.infer(pixels(3))
    engine.infer(pixels(3).astype(np.float32))
    assert sent == [((4, 6, 4), np.uint8), ((4, 6, 4), np.float32)]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_nothing_is_copied_between_host_and_device_that_was_not_meant_to_be(tmp_path, dtype):
    engine = opened(dense(), tmp_path)
    with jax.transfer_guard("disallow"):
        batch = engine.start(pixels(3).astype(dtype))
    assert len(batch.result()) == 3
