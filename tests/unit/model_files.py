"""Model files made by hand, without Keras: a small honest one, and parts to spoil it with."""

import copy
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

UNITS, FEATURES = 3, 4


def dense_layer(**settings: Any) -> dict[str, Any]:
    """A Dense layer as Keras 3 writes it into a .keras file."""
    return {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {
            "name": "dense",
            "trainable": True,
            "dtype": {
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": "float32"},
                "registered_name": None,
            },
            "units": UNITS,
            "activation": "softmax",
            "kernel_initializer": {
                "module": "keras.initializers",
                "class_name": "GlorotUniform",
                "config": {"seed": None},
                "registered_name": None,
            },
            "kernel_regularizer": None,
            **settings,
        },
        "registered_name": None,
        "build_config": {"input_shape": [None, FEATURES]},
    }


def input_layer() -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, FEATURES], "dtype": "float32", "name": "input_layer"},
        "registered_name": None,
    }


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    """The config.json of a Sequential model; of an input and a Dense layer where none are given."""
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": list(layers) or [input_layer(), dense_layer()]},
        "registered_name": None,
    }


def with_layer(layer: dict[str, Any]) -> dict[str, Any]:
    return sequential(input_layer(), layer, dense_layer())


def older_layout(config: Any) -> Any:
    """The same configuration as an .h5 file holds it: without modules."""
    if isinstance(config, dict):
        left_out = ("module", "registered_name", "build_config")
        return {key: older_layout(value) for key, value in config.items() if key not in left_out}
    return [older_layout(item) for item in config] if isinstance(config, list) else config


def weights(kernel: np.ndarray | None = None) -> bytes:
    """The model.weights.h5 that belongs to `sequential()`."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = np.ones((FEATURES, UNITS), "f4") if kernel is None else kernel
        file["layers/dense/vars/1"] = np.zeros(UNITS, "f4")
        file["optimizer/vars/0"] = np.int64(7)
    return buffer.getvalue()


def members(config: Any = None, h5: bytes | None = None) -> dict[str, bytes]:
    return {
        "metadata.json": b'{"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}',
        "config.json": json.dumps(sequential() if config is None else config).encode(),
        "model.weights.h5": weights() if h5 is None else h5,
    }


def keras_bytes(content: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in (members() if content is None else content).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def h5_bytes(config: Any = None, training: Any = None, spoil: Any = None) -> bytes:
    """A whole .h5 model; `spoil` is called with the open file."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["keras_version"] = "3.15.1"
        file.attrs["model_config"] = json.dumps(older_layout(sequential()) if config is None else config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights/dense")
        group.attrs["weight_names"] = [b"dense/kernel", b"dense/bias"]
        group["dense/kernel"] = np.ones((FEATURES, UNITS), "f4")
        group["dense/bias"] = np.zeros(UNITS, "f4")
        if spoil is not None:
            spoil(file)
    return buffer.getvalue()


def written(folder: Path, data: bytes, name: str = "model.keras") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def changed(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(config) | changes
