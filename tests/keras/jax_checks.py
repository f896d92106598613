"""What the Keras engine must do on JAX alone; run by `test_keras_engine_jax` in a process of its own."""

import asyncio
import math
from pathlib import Path

import jax
import keras
import numpy as np
import pytest

from modiste.prepare import PrepareLimits
from service.batching.admission import BatchPolicy
from service.batching.batcher import Batcher
from service.engine.jax_forms import JaxForms
from service.repository.loading import Loader, LoadPolicy
from service.repository.prepared_cache import PreparedCache
from service.repository.scan import scan
from tests.keras.engine_checks import MOST, dense, expected, opened, pixels

ROOT = Path(__file__).parents[2]
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
        sent.extend((one.shape, one.dtype) for one in batch)
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


def test_on_an_accelerator_requests_are_answered_from_several_batches_under_way(tmp_path, monkeypatch):
    """The loader, the batcher and the engine together, as on a GPU: the processor stands in for one."""
    monkeypatch.setattr(JaxForms, "on_accelerator", True)
    candidate = scan(ROOT / "artifacts").candidates["fashion_mnist", 1]
    policy = LoadPolicy("keras", "jax", True, 1, max_batch_rows=MOST, inline_compute_s=10.0)
    loaded = Loader(policy, PreparedCache(tmp_path, 1, PrepareLimits())).load(candidate)
    assert loaded.batches_in_flight == 3
    with np.load(ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        images = data["x"]
    ends = np.cumsum([1 + number * 7 % 17 for number in range(100)])
    requests = np.split(images, ends[ends < len(images)])
    requests = [rows.astype(np.float32) if number % 5 == 0 else rows for number, rows in enumerate(requests)]

    async def main() -> list[np.ndarray]:
        batcher = Batcher(loaded.compute, BatchPolicy(MOST, len(images)), loaded.batches_in_flight)
        batcher.start()
        answers = await asyncio.gather(*(batcher.submit(rows, math.inf) for rows in requests))
        await batcher.stop(10)
        return answers

    answers = asyncio.run(main())
    loaded.release()
    model = keras.saving.load_model(candidate.folder / "model.keras")
    assert [len(outputs) for outputs in answers] == [len(rows) for rows in requests]
    wanted = expected(model, np.concatenate(requests))
    np.testing.assert_allclose(np.concatenate(answers), wanted, atol=1e-5, rtol=0)
