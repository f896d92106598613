"""What the Keras engine must do on every backend, with tiny real models on the processor.

Keras reads its backend once in a process. `test_keras_engine_tensorflow` runs these checks in its own
process, `test_keras_engine_jax` in a child that has the other one.
"""

import asyncio
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Sequential, layers

from modiste.artifact import ArtifactError, Head, file_sha256
from service.engine.keras_engine import KerasEngine
from service.engine.pipeline import Pipeline
from service.engine.warm import batch_sizes, warm_up
from service.rows import pack
from service.signature import Input, Output, Signature
from tests.signatures import FLOAT, plain

BACKEND = keras.backend.backend()
MOST = 7
IN_FLIGHT = 3
PIXELS = (0.0, 255.0)


def dense() -> keras.Model:
    inner = [
        layers.Rescaling(1 / 255),
        layers.Flatten(),
        layers.Dense(16, "relu"),
        layers.Dense(5, "softmax"),
    ]
    return Sequential([keras.Input((6, 4)), *inner])


def convolutional() -> keras.Model:
    inner = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5),
        layers.Dense(3),
    ]
    return Sequential([keras.Input((6, 6, 2)), *inner])


def signature(model: keras.Model, value_range: tuple[float, float] | None = PIXELS) -> Signature:
    return plain(model.input_shape[1:], value_range, model.output_shape[-1], Head.LOGITS)


def opened(model: keras.Model, folder: Path, value_range: tuple[float, float] | None = PIXELS) -> KerasEngine:
    path = folder / "model.keras"
    model.save(path)
    return KerasEngine(
        path, file_sha256(path), batch_sizes(MOST), BACKEND, signature(model, value_range), IN_FLIGHT
    )


def pixels(count: int, shape: tuple[int, ...] = (6, 4), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def expected(model: keras.Model, rows: np.ndarray) -> np.ndarray:
    """What Keras itself says, in one batch and eagerly."""
    return keras.ops.convert_to_numpy(model(rows.astype(np.float32), training=False))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(7)
    return dense()


@pytest.fixture(scope="module")
def engine(model, tmp_path_factory) -> KerasEngine:
    return opened(model, tmp_path_factory.mktemp("engine"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("count", range(1, MOST + 1))
def test_rows_of_every_count_and_dtype_get_what_keras_says(engine, model, count, dtype):
    rows = pixels(count).astype(dtype)
    outputs = engine.infer(rows)
    assert outputs.dtype == np.float32 and outputs.shape == (count, 5)
    np.testing.assert_allclose(outputs, expected(model, rows), atol=1e-5, rtol=0)


def test_fractions_stay_fractions(engine, model):
    rows = pixels(3).astype(np.float32) / 7
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)


@pytest.mark.parametrize("value_range", [None, (0.0, 1.0)], ids=str)
def test_bytes_are_cast_for_a_model_that_takes_other_numbers(value_range, tmp_path):
    model = Sequential([keras.Input((4,)), layers.Dense(3)])
    engine = opened(model, tmp_path, value_range)
    rows = pixels(5, (4,)) % 2
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)


def test_a_convolution_with_statistics_and_dropout_agrees(tmp_path):
    model = convolutional()
    engine = opened(model, tmp_path)
    rows = pixels(MOST, (6, 6, 2))
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)
    warm_up(engine, signature(model), batch_sizes(MOST))


def test_rows_that_lie_scattered_in_memory_agree(engine, model):
    rows = np.asfortranarray(pixels(MOST))
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)
    rows = pixels(2 * MOST)[::2]
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)


def test_many_batches_under_way_mix_no_rows_and_keep_their_order(engine, model):
    """Each has other rows, another count and now and then another dtype; all share a few slots."""
    batches = [
        pixels(1 + seed * 5 % MOST, seed=seed).astype(np.float32 if seed % 3 == 0 else np.uint8)
        for seed in range(300)
    ]
    resolved: list[int] = []

    async def main() -> list[np.ndarray]:
        pipeline = Pipeline(engine, "engine")
        room = asyncio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> np.ndarray:
            async with room:
                outputs = await pipeline.compute(batches[number])
                resolved.append(number)
                return outputs

        outputs = await asyncio.gather(*map(one, range(len(batches))))
        pipeline.close()
        return outputs

    found = asyncio.run(main())
    assert resolved == sorted(resolved)
    # All rows at once: eager Keras takes longer for three hundred calls than for all that is tested here.
    np.testing.assert_allclose(
        np.concatenate(found), expected(model, np.concatenate(batches)), atol=1e-5, rtol=0
    )


def test_a_started_batch_does_not_see_what_is_staged_after_it(engine, model):
    """On the processor a backend may compute in the very memory that it was given."""
    batches = [pixels(3, seed=seed) for seed in range(IN_FLIGHT)]
    wanted = [expected(model, rows) for rows in batches]
    for _ in range(50):
        started = [engine.start(rows) for rows in batches]
        for outputs, batch in zip(wanted, started, strict=True):
            np.testing.assert_allclose(batch.result(), outputs, atol=1e-5, rtol=0)


def test_a_model_that_hands_its_input_through_answers_with_memory_of_its_own(tmp_path):
    inputs = keras.Input((4,))
    engine = opened(keras.Model(inputs, layers.Identity()(inputs)), tmp_path, None)
    rows = [np.full((3, 4), number, np.float32) for number in range(20)]
    found = [engine.infer(one) for one in rows]
    np.testing.assert_array_equal(found, rows)


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_a_batch_of_no_compiled_size_is_refused(engine, count):
    with pytest.raises(ValueError, match=f"1 to {MOST} rows; got {count}"):
        engine.infer(np.zeros((count, 6, 4), np.uint8))


def test_a_batch_that_cannot_start_fails_alone(engine, model):
    rows = pixels(5)
    words = np.full((5, 6, 4), "word")
    for _ in range(2 * IN_FLIGHT):  # were its slot lost, this would soon wait for one for ever
        with pytest.raises(ValueError):
            engine.start(words)
        with pytest.raises(Exception):  # noqa: B017 - each backend has its own
            engine.start(pixels(5, (7, 9)))
    np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-5, rtol=0)


def test_what_is_under_way_when_the_engine_closes_is_still_answered(model, tmp_path):
    engine = opened(model, tmp_path)
    rows = pixels(5)
    batch = engine.start(rows)
    engine.close()
    np.testing.assert_allclose(batch.result(), expected(model, rows), atol=1e-5, rtol=0)


def test_an_input_of_any_length_is_computed_at_its_length(tmp_path):
    model = Sequential([keras.Input((None, 3)), layers.GlobalAveragePooling1D(), layers.Dense(2)])
    engine = opened(model, tmp_path, None)
    for length in (1, 4, 9):
        rows = pixels(5, (length, 3), seed=length)
        np.testing.assert_allclose(engine.infer(rows), expected(model, rows), atol=1e-4, rtol=1e-5)


def test_several_inputs_and_outputs_keep_their_names(tmp_path):
    left, right = keras.Input((4,), name="left"), keras.Input((2,), name="right", dtype="int32")
    both = layers.Concatenate()([left, layers.Rescaling(1.0)(right)])
    made = keras.Model(
        {"right": right, "left": left}, [layers.Dense(3, name="a")(both), layers.Dense(1)(left)]
    )
    path = tmp_path / "model.keras"
    made.save(path)
    inputs = [Input(one.name, one.shape[1:], np.dtype(one.dtype), None) for one in made.inputs]
    outputs = [Output(name, (n,), FLOAT, Head.REGRESSION, None) for name, n in (("a", 3), ("b", 1))]
    both_ways = Signature(tuple(inputs), tuple(outputs))
    engine = KerasEngine(path, file_sha256(path), batch_sizes(MOST), BACKEND, both_ways)
    warm_up(engine, both_ways, batch_sizes(MOST))
    given = {"left": pixels(5, (4,)).astype(np.float32), "right": pixels(5, (2,)).astype(np.int32)}
    found = engine.infer(pack([one.name for one in inputs], [given[one.name] for one in inputs]))
    for name, wanted in zip(("a", "b"), made(given, training=False), strict=True):
        np.testing.assert_allclose(found[name], keras.ops.convert_to_numpy(wanted), rtol=1e-4, atol=1e-4)


def test_the_processor_has_one_batch_under_way_unless_told_otherwise(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    engine = KerasEngine(path, file_sha256(path), [1], BACKEND, signature(model))
    assert engine.batches_in_flight == 1


def test_a_file_that_is_not_the_one_prepared_is_not_loaded(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(ArtifactError, match="not the file that was prepared"):
        KerasEngine(path, "0" * 64, [1], BACKEND, signature(model))


def test_a_process_keeps_the_backend_that_it_has(model, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", BACKEND)  # the engine sets it; put back after the test
    path = tmp_path / "model.keras"
    model.save(path)
    other = "tensorflow" if BACKEND == "jax" else "jax"
    with pytest.raises(RuntimeError, match=f"Keras runs on {BACKEND} in this process, not on {other}"):
        KerasEngine(path, file_sha256(path), [1], other, signature(model))
