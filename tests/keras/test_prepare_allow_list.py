"""The allow-list holds names that Keras has, and the layers left out are left out on purpose."""

import inspect

import keras
import pytest
from keras.src import activations, constraints, initializers, regularizers
from keras.src.ops import nn, numpy

from modiste.reading import allow_list

LEFT_OUT = {
    # They carry or load code of any kind.
    "FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper",
    # They take text, or read a vocabulary from a path.
    "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization",
    # They hold layers or boxes in forms of their own.
    "ContrastLimitedAdaptiveHistogramEqualization", "MaxNumBoundingBoxes", "Pipeline",
    "MelSpectrogram", "STFTSpectrogram",
    # Base classes.
    "InputSpec", "Layer", "Wrapper",
}  # fmt: skip


def canonical_layers() -> set[str]:
    """The names under which Keras saves its layers: the first of several for one class."""
    found: dict[type, str] = {}
    for name, value in vars(keras.layers).items():
        if inspect.isclass(value) and value.__name__ == name:
            found[value] = name
    for name, value in vars(keras.layers).items():
        if inspect.isclass(value):
            found.setdefault(value, name)
    return set(found.values())


def test_every_layer_of_keras_is_allowed_or_left_out_on_purpose() -> None:
    assert canonical_layers() == allow_list.LAYERS | LEFT_OUT


@pytest.mark.parametrize("name", sorted(allow_list.IDENTITY_AT_INFERENCE))
def test_augmentation_is_a_layer_of_keras(name: str) -> None:
    assert hasattr(keras.layers, name)


def test_names_are_those_that_keras_resolves() -> None:
    assert set(activations.ALL_OBJECTS_DICT) == allow_list.ACTIVATIONS
    assert set(initializers.ALL_OBJECTS_DICT) >= allow_list.INITIALIZERS
    assert set(regularizers.ALL_OBJECTS_DICT) >= allow_list.REGULARIZERS
    assert set(constraints.ALL_OBJECTS_DICT) >= allow_list.CONSTRAINTS


@pytest.mark.parametrize(("module", "home"), [("keras.src.ops.numpy", numpy), ("keras.src.ops.nn", nn)])
def test_operations_are_plain_operations_of_keras(module: str, home: object) -> None:
    for name in allow_list.BY_MODULE[module]:
        assert issubclass(getattr(home, name), keras.Operation), name
