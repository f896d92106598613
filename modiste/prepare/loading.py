"""Loading a checked file with Keras: counted before anything is allocated, then loaded, then readied.

Runs where nothing else of value does: in the preparing child, and in the process of the Keras engine.
"""

import json
import math
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras

from modiste.prepare.faults import raise_machine_fault
from modiste.prepare.graph import all_nodes, is_built
from modiste.prepare.keras_version import check_keras
from modiste.prepare.serving_config import Changes, serving_config
from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.archive import CONFIG
from modiste.reading.errors import first_line
from modiste.reading.model_file import ModelFile, read


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
        PrepareFailed: Keras is too old to be trusted with a file.
    """
    check_keras(keras.__version__)
    try:
        # In a thread that ends: Keras keeps the variables of such a scope in a list of the thread, and
        # would allocate them all when the next scope of this one ends.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(_check_size, file.config, limits).result()
        loaded = keras.saving.load_model(_private(file, source, folder), compile=False, safe_mode=True)
    except Refused:
        raise
    except Exception as error:  # Keras raises whatever its layers raise
        raise_machine_fault(error)
        raise Refused(Reason.CANNOT_LOAD, f"Keras cannot load it: {first_line(error)}") from error
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
    # Through JSON, as in a file: in memory the configuration still holds tuples and Keras's own types.
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    changed, changes = serving_config(config)
    if changed == config:
        return model, changes
    served = keras.saving.deserialize_keras_object(changed, safe_mode=True)
    served.set_weights(model.get_weights())
    return served, changes


def _from_config(config: dict[str, Any]) -> keras.Model:
    cls = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    return cls.from_config(config["config"])


def _check_size(config: dict[str, Any], limits: ReadingLimits) -> None:
    """Count what the model holds and what one row makes of it, allocating neither."""
    with keras.StatelessScope(initialize_variables=False):
        # As it is served: this scope has no room for a recurrent layer's state between calls.
        _check_counts(_from_config(serving_config(config)[0]), limits)


def _check_counts(model: keras.Model, limits: ReadingLimits) -> None:
    if not is_built(model):
        detail = "the model was saved before it was built: the shape of its input is unknown"
        raise Refused(Reason.NOT_A_MODEL, detail)
    parameters = sum(math.prod(weight.shape) for weight in model.weights)
    if parameters > limits.parameters:
        detail = f"the model has {parameters} parameters; the limit is {limits.parameters}"
        raise Refused(Reason.TOO_MANY_PARAMETERS, detail)
    activations = sum(_values_per_row(node) for node in all_nodes(model))
    if activations > limits.activations_per_row:
        detail = (
            f"one row makes {activations} values in its layers; the limit is {limits.activations_per_row}"
        )
        raise Refused(Reason.ACTIVATIONS_TOO_LARGE, detail)


def _values_per_row(node: Any) -> int:
    """Count the values that a call puts out for one row; an axis of unknown length counts as one."""
    return sum(math.prod(length or 1 for length in tensor.shape[1:]) for tensor in node.output_tensors)


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
