"""The configuration of the model as it is served, made from the configuration that was saved.

A pure function on Keras's own serialised form. What changes is what graph compilers refuse or what
only training needs; the weights and the numbers that come out stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modiste.names import safe_name
from modiste.reading.allow_list import FLOATS, IDENTITY_AT_INFERENCE, POLICIES, POLICY_NAMES

_OTHER_FLOATS = (FLOATS | POLICY_NAMES) - {"float32"}


@dataclass(slots=True)
class Changes:
    """What was changed, for the summary's notes, and whether the numbers may differ by it."""

    renamed: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    floats: set[str] = field(default_factory=set)
    batch_freed: bool = False
    state_freed: bool = False

    @property
    def comparable(self) -> bool:
        """Whether the model as it was saved gives the same numbers, and can be asked for them."""
        return not (self.floats or self.batch_freed or self.state_freed)

    def notes(self) -> tuple[str, ...]:
        """Say each change in a sentence."""
        said = {
            f"in compiled graphs these have other names: {', '.join(sorted(self.renamed))}": bool(
                self.renamed
            ),
            f"layers that only training uses were left out: {', '.join(self.dropped)}": bool(self.dropped),
            f"it computes in float32 instead of {', '.join(sorted(self.floats))}": bool(self.floats),
            "its fixed batch size was lifted": self.batch_freed,
            "its recurrent layers keep no state between requests": self.state_freed,
        }
        return tuple(sentence for sentence, true in said.items() if true)


def serving_config(config: dict[str, Any]) -> tuple[dict[str, Any], Changes]:
    """Return a model's configuration as it is served, and what was changed in it.

    Args:
        config: what ``keras.saving.serialize_keras_object`` gives for the model; it is not modified.
    """
    changes = Changes()
    changed = _convert(config, changes)
    assert isinstance(changed, dict), "a dict is converted to a dict"
    return changed, changes


def _convert(value: Any, changes: Changes) -> Any:
    if isinstance(value, list):
        if _is_history(value):
            return [_safe(value[0], changes), *value[1:]]
        return [_convert(item, changes) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_augmentation(value):
        return _identity(value, changes)
    converted = {key: _SETTINGS.get(key, _convert)(item, changes) for key, item in value.items()}
    if value.get("class_name") in POLICIES:
        converted["config"] = {"name": _as_float32(value["config"]["name"], changes)}
    return converted


def _is_history(value: list[Any]) -> bool:
    """Whether a list says where a tensor comes from: layer, call and output, and in Keras 2 settings."""
    match value:
        case [str(), int(), int()] | [str(), int(), int(), dict()]:
            return True
    return False


def _safe(name: Any, changes: Changes) -> Any:
    if not isinstance(name, str):
        return name
    safe = safe_name(name)
    if safe != name:
        changes.renamed.add(name)
    return safe


def _as_float32(dtype: Any, changes: Changes) -> Any:
    if isinstance(dtype, str) and dtype in _OTHER_FLOATS:
        changes.floats.add(dtype)
        return "float32"
    return _convert(dtype, changes)


def _free_batch(shape: Any, changes: Changes) -> Any:
    if isinstance(shape, list | tuple) and shape and shape[0] is not None:
        changes.batch_freed = True
        return [None, *shape[1:]]
    return shape


def _free_state(stateful: Any, changes: Changes) -> bool:
    changes.state_freed |= bool(stateful)
    return False


_SETTINGS: dict[str, Callable[[Any, Changes], Any]] = {
    "name": _safe,
    "dtype": _as_float32,
    "batch_shape": _free_batch,
    "stateful": _free_state,
}


def _is_augmentation(value: dict[str, Any]) -> bool:
    """Whether the object is an augmentation layer.

    Its nodes say ``training: True`` wherever a functional model was built without saying anything, for
    that is the default of these layers; ``Model.predict`` says False to each all the same.
    """
    return value.get("class_name") in IDENTITY_AT_INFERENCE and value.get("module") == "keras.layers"


def _identity(layer: dict[str, Any], changes: Changes) -> dict[str, Any]:
    changes.dropped.append(str(layer["class_name"]))
    name = _safe(layer["config"]["name"], changes)
    identity = {
        "module": "keras.layers",
        "class_name": "Identity",
        "config": {"name": name, "trainable": True, "dtype": "float32"},
        "registered_name": None,
    }
    if "inbound_nodes" not in layer:
        return identity
    nodes = [{"args": _convert(node["args"], changes), "kwargs": {}} for node in layer["inbound_nodes"]]
    return identity | {"name": name, "inbound_nodes": nodes}
