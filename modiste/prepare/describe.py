"""Describing a loaded model: its signature, layers, totals, head and printed table."""

import math
from typing import Any

import keras

from modiste.artifact import Head, LayerInfo, LossInfo, TensorSpec, Totals
from modiste.prepare.graph import backwards, nodes, producer
from modiste.prepare.heads import head_of
from modiste.prepare.input_ranges import input_range

_TABLE_WIDTH = 108
_ACTIVATION_CLASSES = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}
# Between the last activation and the output these move numbers about, or change none.
_TRANSPARENT = frozenset(
    {
        "ActivityRegularization",
        "Dropout",
        "ExpandDims",
        "Flatten",
        "Identity",
        "Permute",
        "Reshape",
        "Squeeze",
    }
)


def input_specs(model: keras.Model) -> tuple[TensorSpec, ...]:
    """Return the model's inputs in call order, each named after its input layer."""
    return tuple(
        TensorSpec(
            name=_name(tensor), shape=tensor.shape, dtype=tensor.dtype, range=input_range(tensor, model)
        )
        for tensor in model.inputs
    )


def output_specs(model: keras.Model, loss: LossInfo | None) -> tuple[TensorSpec, ...]:
    """Return the model's outputs, each named after its layer; a layer with several gives them numbers.

    `loss` is the compiled one, which alone can tell logits from plain numbers.
    """
    names = [_name(tensor) for tensor in model.outputs]
    unique = [
        name if names.index(name) == i else f"{name}_{names[:i].count(name)}" for i, name in enumerate(names)
    ]
    return tuple(
        TensorSpec(name=name, shape=tensor.shape, dtype=tensor.dtype, head=_head(tensor, loss))
        for name, tensor in zip(unique, model.outputs, strict=True)
    )


def layer_infos(model: keras.Model) -> tuple[LayerInfo, ...]:
    """Return one row per layer, as the model's own summary has them: an inner model is one layer."""
    shapes = _output_shapes(model)
    return tuple(
        LayerInfo(
            name=layer.name,
            type=type(layer).__name__,
            output_shape=_only(shapes.get(id(layer), set())),
            parameters=layer.count_params() if layer.built else 0,
            trainable=layer.trainable,
            activation=_activation(layer),
        )
        for layer in model.layers
    )


def totals(model: keras.Model) -> Totals:
    """Count the scalars in the model's weights."""
    trainable, fixed = (
        sum(math.prod(weight.shape) for weight in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    )
    return Totals(parameters=trainable + fixed, trainable=trainable, non_trainable=fixed)


def regularization_loss(model: keras.Model) -> float:
    """Sum the weights' regularizers, which Keras's own `evaluate` adds to the loss of the data."""
    penalties = (weight.regularizer(weight) for weight in model.trainable_weights if weight.regularizer)
    return float(sum(float(penalty) for penalty in penalties))


def table(model: keras.Model) -> str:
    """Return what ``model.summary()`` prints, as plain text."""
    parts: list[str] = []
    model.summary(line_length=_TABLE_WIDTH, print_fn=lambda text, **_: parts.append(text))
    return "\n".join(parts)


def _head(output: Any, loss: LossInfo | None) -> Head:
    """Return what the numbers of an output mean."""
    units = output.shape[-1] if len(output.shape) > 1 and output.shape[-1] else 1
    return head_of(_last_activation(output), int(units), loss)


def _name(tensor: Any) -> str:
    return str(producer(tensor).name)


def _output_shapes(model: keras.Model) -> dict[int, set[tuple[int | None, ...]]]:
    """Return the shapes that each operation puts out, by its id."""
    found: dict[int, set[tuple[int | None, ...]]] = {}
    for node in nodes(model):
        found.setdefault(id(node.operation), set()).update(
            tuple(tensor.shape) for tensor in node.output_tensors
        )
    return found


def _only(shapes: set[tuple[int | None, ...]]) -> tuple[int | None, ...] | None:
    """Return the shape where there is one; a layer with several outputs or uses may have several."""
    return next(iter(shapes)) if len(shapes) == 1 else None


def _activation(layer: Any) -> str | None:
    if type(layer).__name__ in _ACTIVATION_CLASSES:
        return _ACTIVATION_CLASSES[type(layer).__name__]
    activation = getattr(layer, "activation", None)
    if activation is None:
        return None
    return str(getattr(activation, "__name__", type(activation).__name__))


def _last_activation(tensor: Any) -> str | None:
    """Follow an output back to the layer that decides what its numbers mean."""
    for operation in backwards(tensor):
        name = _activation(getattr(operation, "layer", operation))  # TimeDistributed and its like wrap one
        if name in (None, "linear") and type(operation).__name__ in (*_TRANSPARENT, "Activation"):
            continue
        on_last_axis = getattr(operation, "axis", -1) in (-1, len(tensor.shape) - 1)
        return name if name != "softmax" or on_last_axis else None
    return None
