"""The fourth step: every object that a configuration names is held against the allow-list.

Keras deserialises recursively: any dict with a ``class_name``, however deep and under whatever key,
may become an object. So the walk goes through everything, and knows no place that is "only data".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modiste.reading import allow_list
from modiste.reading.errors import Reason, Refused, shown

_COMPILE = "compile_config"
_LONGEST_TEXT = 10_000  # characters of a name or a setting: they end in logs, tables and answers


def without_compile_config(config: Any) -> Any:
    """Return a copy of a ``.keras`` configuration that compiles nothing, at any depth.

    A model inside a model brings a compile configuration of its own, which Keras would carry out
    even where the outer model is loaded with ``compile=False``.
    """
    if isinstance(config, dict):
        return {key: without_compile_config(value) for key, value in config.items() if key != _COMPILE}
    if isinstance(config, list):
        return [without_compile_config(value) for value in config]
    return config


def check_config(config: Any, max_layers: int) -> None:
    """Refuse a configuration that is no model or that names anything off the allow-list.

    Raises:
        Refused: the reason says which rule, the detail which object.
    """
    if not isinstance(config, dict) or not _is_one_of(config.get("class_name"), allow_list.MODELS):
        _check_objects(config)  # a custom model class is better told by its own reason
        raise Refused(Reason.NOT_A_MODEL, "expected the configuration of a Sequential or Functional model")
    if not isinstance(config.get("config"), dict) or not isinstance(config["config"].get("layers"), list):
        raise Refused(Reason.NOT_A_MODEL, "the configuration lists no layers")
    _check_objects(config)
    count = sum(1 for _ in layer_configs(config))
    if count > max_layers:
        raise Refused(Reason.TOO_MANY_LAYERS, f"the model has {count} layers; the limit is {max_layers}")


def _is_one_of(name: Any, names: frozenset[str]) -> bool:
    """Whether something out of a file is a name on a list; a list or a dict cannot even be looked up."""
    return isinstance(name, str) and name in names


def layer_configs(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the configuration of every layer in call order; those of inner models after their model."""
    for layer in config["config"].get("layers", ()):
        if isinstance(layer, dict):
            yield layer
            if isinstance(layer.get("config"), dict) and isinstance(layer["config"].get("layers"), list):
                yield from layer_configs(layer)


def _check_objects(value: Any) -> None:
    """Walk through `value`; the depth of what was parsed is limited already."""
    if isinstance(value, dict):
        if "class_name" in value:
            _check_object(value)
        for key, inner in value.items():
            _check_text(key)
            _check_setting(key, inner)
            _check_objects(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_objects(inner)
    elif isinstance(value, str):
        _check_text(value)


def _check_text(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        detail = f"a name or a setting of {len(text)} characters; the limit is {_LONGEST_TEXT}"
        raise Refused(Reason.JSON_TEXT, detail)


def _check_object(entry: dict[str, Any]) -> None:
    class_name, module = entry["class_name"], entry.get("module")
    where = shown(class_name)
    if class_name in ("Lambda", "__lambda__"):
        raise Refused(Reason.LAMBDA, "a Lambda layer carries program code, which is never run from a file")
    if class_name == "function":
        raise Refused(Reason.FUNCTION_REFERENCE, f"a reference to the function {shown(entry.get('config'))}")
    if not isinstance(class_name, str):
        raise Refused(Reason.NOT_A_MODEL, f"the class name {where} is no text")
    if entry.get("registered_name") not in (None, class_name):
        raise Refused(
            Reason.REGISTERED_OBJECT, f"the class {where} is registered by a program of its author's"
        )
    allowed = (
        allow_list.WITHOUT_MODULE if module is None else allow_list.BY_MODULE.get(str(module), frozenset())
    )
    if class_name not in allowed:
        origin = "" if module is None else f" of {shown(module)}"
        raise Refused(
            Reason.UNKNOWN_OBJECT, f"the class {where}{origin} is not on the list of known Keras objects"
        )
    if class_name in allow_list.POLICIES:
        _check_policy(entry)


def _check_policy(entry: dict[str, Any]) -> None:
    settings = entry.get("config")
    name = settings.get("name") if isinstance(settings, dict) else None
    if not _is_one_of(name, allow_list.POLICY_NAMES):
        raise Refused(Reason.DTYPE, f"the dtype policy {shown(name)} is none that can be served")


def _check_setting(key: str, value: Any) -> None:
    if key == "dtype" and isinstance(value, str) and value not in allow_list.DTYPES | allow_list.POLICY_NAMES:
        raise Refused(Reason.DTYPE, f"the dtype {shown(value)} is none that can be served")
    if key == "quantization_config" and value is not None:
        raise Refused(Reason.DTYPE, "a quantised layer cannot be served")
    names = allow_list.names_for(key)
    if names is not None and isinstance(value, str) and value not in names:
        raise Refused(Reason.UNKNOWN_NAME, f"the {key} {shown(value)} is not on the list of known names")
