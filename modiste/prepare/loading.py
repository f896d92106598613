"""Loading a checked file with Keras: counted before anything is allocated, then loaded, then readied.

Runs where nothing else of value does: in the preparing child, and in the process of the Keras engine.
"""

import json
import math
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from modiste.prepare.serving_config import Changes, serving_config
from modiste.reading import ModelFile, ReadingLimits, Reason, Refused, read
from modiste.reading.archive import CONFIG
from modiste.reading.errors import shown

_SHOWN_ERROR = 300


def load_for_serving(path: Path, limits: ReadingLimits | None = None) -> keras.Model:
    """Read, check and load a model file, and return the model as it is served (see `ready`).

    Raises:
        Refused: the file is refused, for any reason of ``docs/model-files.md``.
    """
    limits = limits or ReadingLimits()
    file = read(path, limits)
    with tempfile.TemporaryDirectory(prefix="modiste-load-") as folder:
        model = load(file, path, Path(folder), limits)
    return ready(model)[0]


def load(file: ModelFile, source: Path, folder: Path, limits: ReadingLimits) -> keras.Model:
    """Load a checked file without compiling it.

    Args:
        file: what reading `source` gave.
        source: the file; of an ``.h5`` its own bytes are loaded, so it must be a private copy or
            trusted not to change.
        folder: a private folder, for the archive that is loaded in place of a ``.keras`` file.
        limits: bounds on parameters and activations.

    Raises:
        Refused: it is too large to build, Keras cannot load it, or loading changed Keras itself.
    """
    try:
        with keras.StatelessScope(initialize_variables=False):
            _check_size(_from_config(file.config), limits)
        loaded = keras.saving.load_model(_private(file, source, folder), compile=False, safe_mode=True)
    except (Refused, MemoryError):
        raise
    except Exception as error:  # Keras raises whatever its layers raise
        first_line = shown(str(error).strip().partition("\n")[0][:_SHOWN_ERROR])
        raise Refused(
            Reason.CANNOT_LOAD, f"Keras cannot load it: {type(error).__name__}: {first_line}"
        ) from error
    if keras.config.floatx() != "float32":
        raise Refused(
            Reason.FLOAT_TYPE_CHANGED, "loading it changed Keras's float type for the whole process"
        )
    if not loaded.inputs:
        raise Refused(
            Reason.NOT_A_MODEL, "the model was saved before it was built: the shape of its input is unknown"
        )
    return loaded


def ready(model: keras.Model) -> tuple[keras.Model, Changes]:
    """Return the model as it is served, and what was changed for it.

    Names that graph compilers refuse are made safe, layers that only training uses are left out,
    everything is computed in float32, for any number of rows, without state. A model that needs
    none of this is returned as it is.
    """
    config = keras.saving.serialize_keras_object(model)
    changed, changes = serving_config(config)
    if changed == config:
        return model, changes
    served = keras.saving.deserialize_keras_object(changed, safe_mode=True)
    served.set_weights(model.get_weights())
    return served, changes


def graph_of(model: keras.Model) -> Any:
    """Return the functional graph of a model; a Sequential one keeps its own inside."""
    return getattr(model, "_functional", None) or model


def operations(model: keras.Model) -> Iterator[Any]:
    """Yield every layer and operation of a model, inner models' after their model."""
    for operation in graph_of(model).operations:
        yield operation
        if isinstance(operation, keras.Model):
            yield from operations(operation)


def _from_config(config: dict[str, Any]) -> keras.Model:
    cls = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    return cls.from_config(_copied(config["config"]))


def _copied(value: Any) -> Any:
    """Copy a parsed JSON value: building from the older layout takes entries out of its configuration."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _check_size(model: keras.Model, limits: ReadingLimits) -> None:
    parameters = sum(math.prod(weight.shape) for weight in model.weights)
    if parameters > limits.parameters:
        detail = f"the model has {parameters} parameters; the limit is {limits.parameters}"
        raise Refused(Reason.TOO_MANY_PARAMETERS, detail)
    activations = sum(_values_per_row(operation) for operation in operations(model))
    if activations > limits.activations_per_row:
        detail = (
            f"one row makes {activations} values in its layers; the limit is {limits.activations_per_row}"
        )
        raise Refused(Reason.ACTIVATIONS_TOO_LARGE, detail)


def _values_per_row(operation: Any) -> int:
    """Count the values that a layer puts out for one row; an axis of unknown length counts as one."""
    outputs = [tensor for node in operation._inbound_nodes for tensor in node.output_tensors]
    return sum(math.prod(length or 1 for length in tensor.shape[1:]) for tensor in outputs)


def _private(file: ModelFile, source: Path, folder: Path) -> str:
    """Return the path of what Keras is to load: of an archive, its members as they were checked."""
    if file.format == "h5":
        return str(source)
    target = folder / "checked.keras"
    members = file.members | {CONFIG: json.dumps(file.config).encode()}
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(target)
