"""Preparing models of many kinds, with the child's own steps but without a child for each."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import Model, Sequential, layers, ops

from modiste.artifact import ONNX, Head, Summary
from modiste.onnx_runtime import ort
from modiste.prepare.loading import load_for_serving
from modiste.prepare.steps import prepare_file
from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.model_file import read

pytestmark = [
    # What Keras and its exporter call forth in NumPy.
    pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning"),
]


def saved(model: Model, folder: Path, name: str = "model.keras") -> Path:
    path = folder / name
    model.save(path)
    return path


def prepared(path: Path, limits: ReadingLimits | None = None) -> Summary:
    limits = limits or ReadingLimits()
    return prepare_file(read(path, limits), path, path.parent, limits)


def sequential(shape: tuple[int | None, ...], *inner: keras.Layer, name: str | None = None) -> Model:
    return Sequential([keras.Input(shape, name="image"), *inner], name=name)


def dense() -> Model:
    return sequential(
        (28, 28), layers.Flatten(), layers.Dense(8, "relu"), layers.Dense(3, "softmax", name="answer")
    )


def convolutional() -> Model:
    return sequential(
        (12, 12, 1),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(4, 3, activation="swish"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(4, 3),
        layers.LeakyReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1, "sigmoid", name="answer"),
    )


def recurrent() -> Model:
    return sequential(
        (7,),
        layers.Embedding(20, 4),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.GRU(4),
        layers.Dense(3, "softmax", name="answer"),
    )


def gelu() -> Model:
    return sequential(
        (6,), layers.Dense(8, "gelu"), layers.Dense(8, "elu"), layers.Dense(4, "log_softmax", name="answer")
    )


def augmented() -> Model:
    return sequential(
        (10, 10, 3),
        layers.RandomFlip(),
        layers.RandomZoom(0.2),
        layers.RandomContrast(0.2),
        layers.Rescaling(1 / 255),
        layers.GaussianNoise(0.1),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(4),
        layers.Softmax(name="answer"),
    )


def normalised() -> Model:
    statistics = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    return sequential((2,), statistics, layers.Dense(1, name="answer"))


def residual() -> Model:
    inputs = keras.Input((8,), name="image")
    x = layers.Dense(8)(inputs) + inputs
    x = ops.relu(x) * 2.0
    return Model(inputs, layers.Dense(3, "sigmoid", name="answer")(x))


def integers() -> Model:
    inputs = keras.Input((28, 28), dtype="uint8", name="image")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    return Model(inputs, layers.Dense(3, "softmax", name="answer")(x))


def half_precision() -> Model:
    return sequential(
        (6,), layers.Dense(8, "relu", dtype="mixed_float16"), layers.Dense(3, "softmax", name="answer")
    )


KINDS = [
    (dense, Head.SOFTMAX, None),
    (convolutional, Head.SIGMOID, (0.0, 255.0)),
    (recurrent, Head.SOFTMAX, (0.0, 19.0)),
    (gelu, Head.LOGITS, None),
    (augmented, Head.SOFTMAX, (0.0, 255.0)),
    (normalised, Head.REGRESSION, None),
    (residual, Head.MULTI_LABEL, None),
    (integers, Head.SOFTMAX, (0.0, 255.0)),
    (half_precision, Head.SOFTMAX, None),
]


@pytest.mark.parametrize(
    ("build", "head", "expected_range"), KINDS, ids=lambda value: getattr(value, "__name__", "")
)
def test_ordinary_models_convert_and_agree(
    build: Callable[[], Model], head: Head, expected_range: tuple[float, float] | None, tmp_path: Path
) -> None:
    summary = prepared(saved(build(), tmp_path))
    assert summary.engine == "onnx", summary.engine_reason
    assert summary.parity is not None
    assert summary.parity.max_abs_difference <= 1e-5
    assert summary.head is head
    assert summary.inputs[0].range == expected_range
    assert (summary.inputs[0].name, summary.outputs[0].name) == ("image", "answer")
    assert summary.outputs[0].dtype == "float32"
    session = ort.InferenceSession(tmp_path / ONNX)
    assert [i.name for i in session.get_inputs()] == ["image"]
    assert [o.name for o in session.get_outputs()] == ["answer"]
    assert session.get_inputs()[0].shape[0] == "batch"


@pytest.mark.parametrize("build", [convolutional, gelu], ids=lambda build: build.__name__)
def test_both_formats_give_the_same_summary(build: Callable[[], Model], tmp_path: Path) -> None:
    model = build()
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    one, other = prepared(saved(model, tmp_path)), prepared(saved(model, tmp_path, "model.h5"))
    own = {"source_format", "source_sha256", "onnx_sha256"}
    assert one.model_dump(exclude=own) == other.model_dump(exclude=own)
    assert one.loss is not None
    assert (one.loss.name, one.optimizer, one.metrics) == ("BinaryCrossentropy", "SGD", ("accuracy",))


def test_several_inputs_and_outputs_are_all_described(tmp_path: Path) -> None:
    inner = Sequential([keras.Input((4,)), layers.Dense(3, "relu")], name="inner model")
    inner.compile("adam", "mse")  # its own compile settings must not be carried out
    image, extra = keras.Input((4,), name="그림"), keras.Input((2,), name="extra")
    x = layers.Concatenate()([inner(image), extra])
    model = Model(
        [image, extra], [layers.Dense(3, "softmax", name="kind")(x), layers.Dense(1, name="size")(x)]
    )
    model.compile("adam", ["sparse_categorical_crossentropy", "mse"])
    summary = prepared(saved(model, tmp_path))
    assert [spec.name for spec in summary.inputs] == ["그림", "extra"]
    assert [spec.name for spec in summary.outputs] == ["kind", "size"]
    assert (summary.engine, summary.head) == ("onnx", Head.SOFTMAX)
    assert summary.loss is not None
    assert summary.loss.name == "SparseCategoricalCrossentropy"
    names = [layer.name for layer in summary.layers]
    assert names == [layer.name for layer in model.layers]


def test_a_fixed_batch_and_a_state_are_lifted(tmp_path: Path) -> None:
    recurrent = layers.LSTM(3, stateful=True)
    model = Sequential([keras.Input(batch_shape=(8, 5, 2)), recurrent, layers.Dense(2, "softmax")])
    summary = prepared(saved(model, tmp_path))
    assert summary.engine == "onnx"
    assert summary.inputs[0].shape == (None, 5, 2)
    assert any("state" in note for note in summary.notes)


def keras_2_layer(name: str, kind: str, inbound: list[str], **settings: object) -> dict[str, object]:
    nodes = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    return {"class_name": kind, "config": {"name": name, **settings}, "name": name, "inbound_nodes": nodes}


def test_a_functional_file_of_keras_2_is_prepared(tmp_path: Path) -> None:
    glorot = {"class_name": "GlorotUniform", "config": {"seed": None}}
    config = {
        "name": "model 1",
        "layers": [
            keras_2_layer(
                "입력", "InputLayer", [], batch_input_shape=[None, 4], dtype="float32", sparse=False
            ),
            keras_2_layer("a b", "Dense", ["입력"], units=3, activation="softmax", kernel_initializer=glorot),
        ],
        "input_layers": [["입력", 0, 0]],
        "output_layers": [["a b", 0, 0]],
    }
    kernel = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        file.attrs["keras_version"] = "2.11.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = ["입력".encode(), b"a b"]
        group.create_group("입력").attrs["weight_names"] = np.array([], "S1")
        group.create_group("a b").attrs["weight_names"] = [b"a b/kernel:0", b"a b/bias:0"]
        group["a b/a b/kernel:0"] = kernel
        group["a b/a b/bias:0"] = np.zeros(3, "float32")
    summary = prepared(tmp_path / "model.h5")
    assert (summary.engine, summary.head, summary.totals.parameters) == ("onnx", Head.SOFTMAX, 15)
    rows = np.eye(4, dtype="float32")
    (found,) = ort.InferenceSession(tmp_path / ONNX).run(["a b"], {"입력": rows})
    np.testing.assert_allclose(found, np.exp(kernel) / np.exp(kernel).sum(axis=1, keepdims=True), rtol=1e-5)


def test_augmentation_inside_a_functional_model_is_dropped(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 1))
    augmented = layers.RandomErasing(value_range=(0, 1))(layers.RandomFlip("horizontal")(inputs))
    model = Model(inputs, layers.Dense(2)(layers.Flatten()(augmented)))
    summary = prepared(saved(model, tmp_path))
    assert summary.engine == "onnx"
    assert "RandomErasing" in summary.notes[0] and "RandomFlip" in summary.notes[0]
    rows = np.random.default_rng(0).random((3, 8, 8, 1)).astype("float32")
    (found,) = ort.InferenceSession(tmp_path / ONNX).run(None, {summary.inputs[0].name: rows})
    np.testing.assert_allclose(found, model.predict(rows, verbose=0), atol=1e-5)


def test_randomness_that_is_asked_for_is_left_to_keras(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    model = Model(inputs, layers.Dense(2)(layers.Dropout(0.5)(inputs, training=True)))
    summary = prepared(saved(model, tmp_path))
    assert summary.engine == "keras"
    assert summary.engine_reason is not None
    assert "Random" in summary.engine_reason
    assert not (tmp_path / ONNX).exists()


def test_the_loaded_model_for_the_keras_engine_has_safe_names_and_the_same_numbers(tmp_path: Path) -> None:
    model = sequential((6,), layers.Dense(4, name="한 글"), name="모 델")
    served = load_for_serving(saved(model, tmp_path))
    rows = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    np.testing.assert_array_equal(served(rows), model(rows))
    assert served.name.isascii()
    assert all(layer.name.isascii() for layer in served.layers)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        pytest.param(
            lambda: sequential((8,), layers.Dense(200), layers.Dense(300)),
            Reason.TOO_MANY_PARAMETERS,
            id="parameters",
        ),
        pytest.param(
            lambda: sequential((8,), layers.RepeatVector(2000)),
            Reason.ACTIVATIONS_TOO_LARGE,
            id="activations",
        ),
    ],
)
def test_size_is_counted_before_anything_is_loaded(
    build: Callable[[], Model], reason: Reason, tmp_path: Path
) -> None:
    limits = ReadingLimits(parameters=50_000, activations_per_row=10_000)
    with pytest.raises(Refused) as caught:
        prepared(saved(build(), tmp_path), limits)
    assert caught.value.reason is reason


def test_a_declared_giant_is_refused_without_being_built(tmp_path: Path) -> None:
    """The file holds a small kernel; its configuration asks for 10^12 parameters."""
    path = saved(sequential((8,), layers.Dense(7), layers.Dense(9)), tmp_path)
    file = read(path)
    for layer in file.config["config"]["layers"][1:]:
        layer["config"]["units"] = 10**6
        del layer["build_config"]
    with pytest.raises(Refused) as caught:
        prepare_file(file, path, tmp_path, ReadingLimits())
    assert caught.value.reason is Reason.TOO_MANY_PARAMETERS
    assert "1000010000000" in caught.value.detail
    # Nor later: Keras would allocate what was counted when it next leaves a scope of this kind.
    with keras.StatelessScope():
        pass


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = saved(sequential((8,), layers.Dense(7)), tmp_path)
    file = read(path)
    file.config["config"]["layers"][1]["config"]["units"] = 9
    with pytest.raises(Refused) as caught:
        prepare_file(file, path, tmp_path, ReadingLimits())
    assert caught.value.reason is Reason.CANNOT_LOAD


def test_a_model_that_answers_infinity_is_refused(tmp_path: Path) -> None:
    growing = layers.Dense(2, "exponential", bias_initializer=keras.initializers.Constant(200.0))
    with pytest.raises(Refused) as caught:
        prepared(saved(sequential((4,), growing), tmp_path))
    assert caught.value.reason is Reason.OUTPUT_NOT_FINITE


def test_a_model_that_fails_on_ordinary_input_is_refused(tmp_path: Path) -> None:
    model = sequential((4,), layers.Dense(2))
    path = saved(model, tmp_path)
    file = read(path)
    file.config["config"]["layers"][1]["config"]["activation"] = "threshold"  # needs arguments of its own
    with pytest.raises(Refused) as caught:
        prepare_file(file, path, tmp_path, ReadingLimits())
    assert caught.value.reason in (Reason.CANNOT_LOAD, Reason.CANNOT_RUN)


def test_a_model_saved_before_it_was_built_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = saved(Sequential([layers.Dense(3)]), tmp_path)
    with pytest.raises(Refused) as caught:
        prepared(path)
    assert caught.value.reason is Reason.NOT_A_MODEL
