"""Hostile files that only building a model tells from others, and what Keras itself would do with some."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Model, layers

from modiste.artifact import Head, TensorSpec
from modiste.prepare import PrepareLimits, PrepareRefused, prepare
from modiste.prepare.loading import load
from modiste.prepare.probe import probe, probe_inputs
from modiste.prepare.steps import prepare_file
from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.model_file import read
from service.signature import Signature
from tests.hostile_files import HOSTILE, Hostile
from tests.unit import model_files as files

FIRST, *OTHERS = [hostile for hostile in HOSTILE if hostile.found_by == "prepare"]
BUILT = [FIRST, *(pytest.param(hostile, marks=pytest.mark.long) for hostile in OTHERS)]
LIMITS = PrepareLimits(memory_bytes=6 * 1024**3)
"""Twice what TensorFlow takes before it does anything: these models would take far more."""


def named(name: str) -> Hostile:
    (found,) = [hostile for hostile in HOSTILE if hostile.name == name]
    return found


@pytest.mark.parametrize("hostile", BUILT, ids=lambda hostile: hostile.name)
def test_a_model_too_large_to_build_is_refused_before_it_is(hostile: Hostile, tmp_path: Path) -> None:
    with pytest.raises(PrepareRefused) as caught:
        prepare(hostile.written(tmp_path, tmp_path / "marker"), tmp_path / "out", limits=LIMITS)
    assert caught.value.reason in hostile.reasons, caught.value
    assert not (tmp_path / "out").exists()


def test_a_hostile_compile_configuration_is_never_carried_out(tmp_path: Path) -> None:
    hostile = named("a hostile compile configuration, which is data")
    summary = prepare(hostile.written(tmp_path, tmp_path / "marker"), tmp_path / "out")
    assert (summary.engine, summary.optimizer) == ("onnx", "Popen"), "its name is shown, and no more"
    assert not (tmp_path / "marker").exists()


def test_the_payload_of_a_lambda_runs_where_keras_is_told_to_trust(tmp_path: Path) -> None:
    """Else it would say nothing that it does not run here."""
    path = named("Lambda with bytecode").written(tmp_path, tmp_path / "marker")
    keras.saving.load_model(path, compile=False, safe_mode=False)
    assert (tmp_path / "marker").exists()


def test_a_float_type_that_loading_changed_is_noticed(tmp_path: Path) -> None:
    """The reference is put in after the reading, which refuses it."""
    path = files.written(tmp_path, files.keras_bytes())
    file = read(path)
    file.config["config"]["layers"][1]["config"]["kernel_initializer"] = {
        "module": "keras.config", "class_name": "function", "config": "set_floatx", "registered_name": "set_floatx",
    }  # fmt: skip
    try:
        with pytest.raises(Refused) as caught:
            load(file, path, tmp_path, ReadingLimits())
        changed = keras.config.floatx() != "float32"
    finally:
        keras.config.set_floatx("float32")
    assert caught.value.reason is (Reason.FLOAT_TYPE_CHANGED if changed else Reason.CANNOT_LOAD)


def test_an_output_of_another_shape_than_declared_is_refused() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    inputs = probe_inputs([TensorSpec(name="x", shape=(None, 4))])
    probe(model, inputs, [TensorSpec(name="y", shape=(None, 3))])
    for declared in ((None, 5), (None, 3, 1)):
        with pytest.raises(Refused) as caught:
            probe(model, inputs, [TensorSpec(name="y", shape=declared)])
        assert caught.value.reason is Reason.OUTPUT_SHAPE


def test_an_output_of_rank_three_is_plain_numbers_and_no_classes(tmp_path: Path) -> None:
    """A Dense layer without a Flatten before it: 28 rows of probabilities an image are no classification."""
    model = keras.Sequential([keras.Input((28, 28)), layers.Dense(10, "softmax")])
    model.save(tmp_path / "model.keras")
    path = tmp_path / "model.keras"
    signature = Signature.of(prepare_file(read(path), path, tmp_path, ReadingLimits()), None)
    assert signature.output.shape == (28, 10)
    assert signature.output.head is Head.REGRESSION and signature.output.classes == 0


def test_two_outputs_are_two_and_neither_is_taken_for_the_other(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    outputs = [layers.Dense(2, "softmax", name="kind")(inputs), layers.Dense(1, name="size")(inputs)]
    Model(inputs, outputs).save(tmp_path / "model.keras")
    path = tmp_path / "model.keras"
    signature = Signature.of(prepare_file(read(path), path, tmp_path, ReadingLimits()), None)
    assert [(one.name, one.head) for one in signature.outputs] == [
        ("kind", Head.SOFTMAX),
        ("size", Head.REGRESSION),
    ]


def test_a_model_of_some_millions_of_parameters_passes_under_the_usual_limits(tmp_path: Path) -> None:
    """Trained for a step, so that it is saved with its optimizer's state, three times as large."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(2500, "relu"),
            layers.BatchNormalization(),
            layers.Dense(1500, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    rows = np.random.default_rng(0).random((4, 784)).astype("float32")
    model.fit(rows, np.zeros(4), verbose=0)
    assert model.count_params() > 5_000_000
    for name in ("model.keras", "model.h5"):
        path = tmp_path / name
        model.save(path)
        loaded = load(read(path), path, tmp_path, ReadingLimits())
        np.testing.assert_allclose(loaded(rows), model(rows), atol=1e-6)
