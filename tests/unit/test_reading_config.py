"""The fourth step: what a configuration may name."""

from pathlib import Path
from typing import Any

import model_files as files
import pytest

from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.config import check_config
from modiste.reading.model_file import read


def object_of(class_name: str, module: str | None = "keras.layers", **settings: Any) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": "x", **settings},
        "registered_name": None,
    }


SET_FLOATX = {
    "module": "keras.config",
    "class_name": "function",
    "config": "set_floatx",
    "registered_name": "set_floatx",
}

HOSTILE = [
    pytest.param(object_of("Lambda", function={}), Reason.LAMBDA, id="Lambda layer"),
    pytest.param(
        files.dense_layer(activation={"class_name": "__lambda__", "config": {"value": "4wEA"}}),
        Reason.LAMBDA,
        id="lambda in a setting",
    ),
    pytest.param(files.dense_layer(activation=SET_FLOATX), Reason.FUNCTION_REFERENCE, id="set_floatx"),
    pytest.param(
        files.dense_layer(
            kernel_regularizer={
                "module": "os",
                "class_name": "function",
                "config": "system",
                "registered_name": "x",
            }
        ),
        Reason.FUNCTION_REFERENCE,
        id="os.system",
    ),
    pytest.param(object_of("TFSMLayer", filepath="/tmp/x"), Reason.UNKNOWN_OBJECT, id="TFSMLayer"),
    pytest.param(
        object_of("StringLookup", vocabulary="/etc/passwd"), Reason.UNKNOWN_OBJECT, id="vocabulary path"
    ),
    pytest.param(object_of("TorchModuleWrapper"), Reason.UNKNOWN_OBJECT, id="pickled torch module"),
    pytest.param(
        object_of("Dense", module="os.path"), Reason.UNKNOWN_OBJECT, id="known name, strange module"
    ),
    pytest.param(object_of("Popen", module="subprocess"), Reason.UNKNOWN_OBJECT, id="subprocess"),
    pytest.param(object_of("get_file", module="keras.utils"), Reason.UNKNOWN_OBJECT, id="keras.utils"),
    pytest.param(
        object_of("Mine", module="my_package") | {"registered_name": "my_package>Mine"},
        Reason.REGISTERED_OBJECT,
        id="registered layer",
    ),
    pytest.param(
        object_of("Dense") | {"registered_name": "Custom>Dense"},
        Reason.REGISTERED_OBJECT,
        id="registered over Dense",
    ),
    pytest.param(
        object_of("Bidirectional", layer=object_of("Lambda")), Reason.LAMBDA, id="Lambda inside a wrapper"
    ),
    pytest.param(files.sequential(object_of("Lambda")), Reason.LAMBDA, id="Lambda inside an inner model"),
    pytest.param(
        files.dense_layer(strange=[[{"a": object_of("Lambda")}]]), Reason.LAMBDA, id="Lambda anywhere"
    ),
    pytest.param(files.dense_layer(activation="os.system"), Reason.UNKNOWN_NAME, id="unknown activation"),
    pytest.param(
        files.dense_layer(kernel_initializer="get_file"), Reason.UNKNOWN_NAME, id="unknown initializer"
    ),
    pytest.param(files.dense_layer(dtype="string"), Reason.DTYPE, id="text dtype"),
    pytest.param(
        files.dense_layer(dtype=object_of("DTypePolicy", "keras", name="int8_from_float32")),
        Reason.DTYPE,
        id="quantised policy",
    ),
    pytest.param(files.dense_layer(quantization_config={"mode": "int8"}), Reason.DTYPE, id="quantised layer"),
    pytest.param({"class_name": ["Dense"], "config": {}}, Reason.NOT_A_MODEL, id="class name no text"),
    pytest.param(
        files.dense_layer(dtype=object_of("DTypePolicy", "keras", name={})), Reason.DTYPE, id="policy no text"
    ),
    pytest.param({"class_name": {"class_name": "Lambda"}}, Reason.NOT_A_MODEL, id="class name an object"),
]


def reason_of(config: Any) -> Reason:
    with pytest.raises(Refused) as caught:
        check_config(config, max_layers=2000)
    return caught.value.reason


@pytest.mark.parametrize(("layer", "reason"), HOSTILE)
def test_what_is_not_on_the_list_is_refused(layer: dict[str, Any], reason: Reason) -> None:
    assert reason_of(files.with_layer(layer)) is reason


@pytest.mark.parametrize(
    ("layer", "reason"),
    [case for case in HOSTILE if case.values[1] in (Reason.LAMBDA, Reason.FUNCTION_REFERENCE)],
)
def test_the_older_layout_is_held_to_the_same_list(layer: dict[str, Any], reason: Reason) -> None:
    assert reason_of(files.older_layout(files.with_layer(layer))) is reason


@pytest.mark.parametrize(
    "layer",
    [
        object_of(
            "Conv2D",
            filters=4,
            activation="relu",
            kernel_constraint=object_of("MaxNorm", "keras.constraints"),
        ),
        object_of("LSTM", units=4, activation="tanh", recurrent_activation="sigmoid"),
        object_of("Bidirectional", layer=object_of("GRU", units=3)),
        object_of("BatchNormalization", beta_initializer="zeros"),
        object_of("RandomRotation", factor=0.1),
        object_of("Add", module="keras.src.ops.numpy") | {"registered_name": "Add"},
        files.dense_layer(activation=object_of("LeakyReLU")),
        files.dense_layer(dtype=object_of("DTypePolicy", "keras", name="mixed_bfloat16")),
        files.sequential(),
    ],
    ids=lambda layer: layer["class_name"],
)
def test_ordinary_layers_pass(layer: dict[str, Any]) -> None:
    check_config(files.with_layer(layer), max_layers=2000)


@pytest.mark.parametrize(
    "config",
    [
        [],
        None,
        "Sequential",
        {},
        {"class_name": "Sequential"},
        {"class_name": ["Sequential"], "config": {"layers": []}},
        {"class_name": {}, "config": {"layers": []}},
        files.dense_layer(),
        {"class_name": "Sequential", "config": {}},
    ],
    ids=repr,
)
def test_what_is_no_model_is_refused(config: Any) -> None:
    assert reason_of(config) is Reason.NOT_A_MODEL


def test_layers_are_counted_in_inner_models_too(tmp_path: Path) -> None:
    inner = files.sequential(*[files.dense_layer() for _ in range(5)])
    content = files.members(files.sequential(files.input_layer(), inner, inner))
    path = files.written(tmp_path, files.keras_bytes(content))
    with pytest.raises(Refused) as caught:
        read(path, ReadingLimits(layers=12))
    assert caught.value.reason is Reason.TOO_MANY_LAYERS
    assert read(path, ReadingLimits(layers=13)).findings().layer_types.count("Dense") == 10


def test_compile_settings_are_data_and_are_not_handed_on(tmp_path: Path) -> None:
    loss = {"module": "evil", "class_name": "function", "config": "system", "registered_name": "system"}
    inner = files.changed(files.sequential(), compile_config={"loss": loss})
    whole = files.changed(files.with_layer(inner), compile_config={"loss": loss, "optimizer": "adam"})
    file = read(files.written(tmp_path, files.keras_bytes(files.members(whole))))
    assert file.compiled.optimizer == "adam"
    assert "compile_config" not in str(file.config)


def test_names_in_a_refusal_are_shortened_and_made_printable() -> None:
    name = "\x1b[2J" + "x" * 500
    with pytest.raises(Refused) as caught:
        check_config(files.with_layer(object_of(name)), max_layers=10)
    assert "\x1b" not in caught.value.detail
    assert len(caught.value.detail) < 250
