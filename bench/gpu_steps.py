"""Four measurements of one network at one batch size, each with more around the forward pass.

    bare     the compiled forward pass alone, with the data on the device
    copied   the same with every batch copied in and every output copied out
    engine   the Keras engine behind its port, in its threads, with an event loop waiting
    http     a server process, asked with raw bodies

Each keeps several batches under way, as the server does, so that what can overlap does. Beside them, what
the copies alone would allow: where that is less than the bare forward pass, no server can come near it.
"""

import asyncio
import math
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import gpu_load
from bench.gpu_models import SIGNATURE
from modiste.artifact import file_sha256

_DEEP = 16
"""Batches under way for a GPU's bare forward pass: launching one must not be what is measured."""

IN_FLIGHT = 3
_MOST_ROWS_PER_REQUEST = 1024
_MOST_CONNECTIONS = 64

Batch = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Figure:
    """Images a second; the 99th percentile of a batch's time, of a request's for http; what failed."""

    images_per_second: float
    p99_ms: float
    errors: int = 0


def bare(model: Any, batches: list[Batch], seconds: float, precision: str) -> Figure:
    """Measure the forward pass, compiled for the batch's size, at one of JAX's precisions."""
    import jax
    import jax.numpy as jnp

    weights = ([v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables])

    def forward(weights: Any, batch: Any) -> Any:
        return model.stateless_call(*weights, batch.astype(jnp.float32), training=False)[0]

    on_device = [jax.device_put(batch) for batch in batches]
    with jax.default_matmul_precision(precision):
        compiled = jax.jit(forward).lower(weights, on_device[0]).compile()
    return _pumped(
        lambda number: compiled(weights, on_device[number % len(on_device)]).block_until_ready,
        len(batches[0]),
        IN_FLIGHT if jax.devices()[0].platform == "cpu" else _DEEP,
        seconds,
    )


def copies(batches: list[Batch], seconds: float) -> Figure:
    """Measure how fast batches come to the device when nothing computes."""
    import jax

    return _pumped(
        lambda number: jax.device_put(batches[number % len(batches)], may_alias=False).block_until_ready,
        len(batches[0]),
        IN_FLIGHT,
        seconds,
    )


def copied(model: Any, batches: list[Batch], seconds: float) -> Figure:
    """Measure the forward pass with the copies in and out, as the engine launches them."""
    from service.engine.jax_forms import JaxForms

    launch = JaxForms(model, ["classes"]).compile(batches[0].shape, np.dtype(np.uint8))
    return _pumped(lambda number: launch(batches[number % len(batches)]), len(batches[0]), IN_FLIGHT, seconds)


def _pumped(start: Callable[[int], Callable[[], object]], rows: int, depth: int, seconds: float) -> Figure:
    """Keep `depth` batches under way; `start` launches one and returns what waits for it."""
    for number in range(depth):
        start(number)()
    under_way: deque[tuple[float, Callable[[], object]]] = deque()
    latencies: list[float] = []
    began = time.perf_counter()
    number = 0
    while under_way or number == 0:
        while (now := time.perf_counter()) < began + seconds and len(under_way) < depth:
            under_way.append((now, start(number)))
            number += 1
        launched, wait = under_way.popleft()
        wait()
        latencies.append(time.perf_counter() - launched)
    return _figure(latencies, rows, time.perf_counter() - began)


def engine(path: Path, batches: list[Batch], seconds: float) -> Figure:
    """Measure the Keras engine behind its port."""
    from service.engine.keras_engine import KerasEngine
    from service.engine.pipeline import Pipeline

    rows = len(batches[0])
    opened = KerasEngine(path, file_sha256(path), [rows], "jax", SIGNATURE, IN_FLIGHT)
    pipeline = Pipeline(opened, "bench")
    latencies: list[float] = []

    async def caller(number: int, until: float) -> None:
        while (sent := time.perf_counter()) < until:
            await pipeline.compute(batches[number % len(batches)])
            latencies.append(time.perf_counter() - sent)
            number += IN_FLIGHT

    async def callers() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(caller(number, began + seconds) for number in range(IN_FLIGHT)))
        return time.perf_counter() - began

    took_s = asyncio.run(callers())
    pipeline.close()
    opened.close()
    return _figure(latencies, rows, took_s)


def http(port: int, name: str, batches: list[Batch], seconds: float) -> Figure:
    """Measure a server that batches up to the batch's size, with requests of a part of one."""
    rows = min(len(batches[0]), _MOST_ROWS_PER_REQUEST)
    # As many as fill every batch under way and one that gathers.
    connections = min(_MOST_CONNECTIONS, max(4, math.ceil((IN_FLIGHT + 1) * len(batches[0]) / rows)))
    with tempfile.NamedTemporaryFile() as body:
        body.write(batches[0][:rows].tobytes())
        body.flush()
        outcome = gpu_load.run(
            port, f"/models/{name}/versions/1/predict", Path(body.name), connections, seconds
        )
    return _figure(outcome.latencies, rows, outcome.seconds, outcome.errors)


def _figure(latencies: list[float], rows: int, seconds: float, errors: int = 0) -> Figure:
    p99_ms = float(np.percentile(latencies, 99)) * 1000 if latencies else math.nan
    return Figure(len(latencies) * rows / seconds, p99_ms, errors)
