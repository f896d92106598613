"""What a model was compiled with, read from its file as data: nothing of it is deserialised.

A loss, an optimizer and metrics are names with settings here. Keras has written them in several
forms: a name, an object, a reference to a function, and lists or dicts of these for several outputs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST_NAME = 200  # characters: these names are shown
_ACRONYMS = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "bce": "BinaryCrossentropy",
    "kld": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "kullback_leibler_divergence": "KLDivergence",
    "logcosh": "LogCosh",
    "huber_loss": "Huber",
}


@dataclass(frozen=True, slots=True)
class CompiledLoss:
    """The loss of one output: Keras's class name, its settings, and its weight in the total."""

    name: str
    config: Mapping[str, Any]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Compiled:
    """What ``model.compile`` was given, as far as it is of use to a reader."""

    loss: CompiledLoss | None = None
    optimizer: str | None = None
    metrics: tuple[str, ...] = ()


def read_compiled(config: Any) -> Compiled:
    """Read a ``compile_config`` (``.keras``) or a ``training_config`` (``.h5``); None gives an empty one.

    Where a model has several outputs, the loss is that of the first one listed.
    """
    if not isinstance(config, dict):
        return Compiled()
    optimizer = _named(config.get("optimizer_config") or config.get("optimizer"))
    return Compiled(
        loss=_loss(config.get("loss"), config.get("loss_weights")),
        optimizer=optimizer[0] if optimizer else None,
        metrics=tuple(dict.fromkeys(_metric_names(config.get("metrics")))),
    )


def _loss(value: Any, weights: Any) -> CompiledLoss | None:
    named = _named(_first(value))
    if named is None:
        return None
    name, settings = named
    weight = _first(weights)
    return CompiledLoss(
        _class_name(name), settings, float(weight) if isinstance(weight, int | float) else 1.0
    )


def _first(value: Any) -> Any:
    """Return the first element of (possibly nested) lists and dicts by output, which are no objects."""
    while value and (isinstance(value, list) or (isinstance(value, dict) and "class_name" not in value)):
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    return value


def _named(value: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the plain settings of a name, an object or a reference to a function."""
    if isinstance(value, str):
        return (value, {}) if len(value) <= _LONGEST_NAME else None
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        return None
    settings = value.get("config")
    if value["class_name"] == "function":
        return _named(settings) if isinstance(settings, str) else None
    named = _named(value["class_name"])
    return named and (named[0], _plain(settings))


def _plain(settings: Any) -> dict[str, Any]:
    """Return the settings that are numbers, short texts, true, false or null: they are shown, too."""
    if not isinstance(settings, dict):
        return {}
    return {
        key: value
        for key, value in settings.items()
        if (isinstance(value, str) and len(value) <= _LONGEST_NAME)
        or isinstance(value, bool | int | float | None)
    }


def _class_name(name: str) -> str:
    """Return the class that Keras means by ``mean_squared_error``, ``mse``, or the class's own name."""
    if name.lower() in _ACRONYMS:
        return _ACRONYMS[name.lower()]
    return name if name[:1].isupper() else "".join(word.capitalize() for word in name.split("_"))


def _metric_names(value: Any) -> Iterator[str]:
    named = _named(value)
    if named is not None:
        name, settings = named
        own = settings.get("name")
        yield own if isinstance(own, str) else name
    elif isinstance(value, list):
        for inner in value:
            yield from _metric_names(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _metric_names(inner)
