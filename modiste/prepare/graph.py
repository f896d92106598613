"""Walking a Keras model's graph: the one place that knows names which Keras keeps to itself.

A model is a graph of operations (layers among them); a node is one call of an operation. A
Sequential model calls its layers anew whenever one is added, so the nodes that a layer remembers are
more than those of the model; `nodes` gives the model's own.
"""

from collections.abc import Iterator
from typing import Any

import keras


def graph_of(model: keras.Model) -> Any:
    """Return the functional graph of a model; a Sequential one keeps its own inside."""
    return getattr(model, "_functional", None) or model


def is_built(model: keras.Model) -> bool:
    """Say whether the model has a graph: a Sequential one saved before it saw data has none."""
    return hasattr(graph_of(model), "_nodes_by_depth")


def nodes(model: keras.Model) -> Iterator[Any]:
    """Yield every call in the model's graph; that of an inner model is one call."""
    for same_depth in graph_of(model)._nodes_by_depth.values():
        yield from same_depth


def all_nodes(model: keras.Model) -> Iterator[Any]:
    """Yield every call in the model's graph and in those of its inner models."""
    for node in nodes(model):
        yield node
        if isinstance(node.operation, keras.Model):
            yield from all_nodes(node.operation)


def structured(model: keras.Model, tensors: list[Any]) -> Any:
    """Arrange a flat list of inputs as the model's call expects them: one, a list, or a dict."""
    return keras.tree.pack_sequence_as(graph_of(model)._inputs_struct, tensors)


def producer(tensor: Any) -> Any:
    """Return the operation that a symbolic tensor came out of."""
    return tensor._keras_history.operation


def backwards(tensor: Any) -> Iterator[Any]:
    """Yield the operations behind a tensor along their first inputs; of an inner model, its own last ones."""
    while True:
        operation, node_index, tensor_index = tensor._keras_history
        if isinstance(operation, keras.Model):
            tensor = operation.outputs[tensor_index]
            continue
        yield operation
        inputs = operation._inbound_nodes[node_index].input_tensors
        if not inputs:
            return
        tensor = inputs[0]


def forwards(tensor: Any, model: keras.Model) -> Iterator[Any]:
    """Yield the operations that read a model's input in turn, for as long as one alone reads it."""
    while True:
        readers = [node for node in nodes(model) if any(read is tensor for read in node.input_tensors)]
        if len(readers) != 1:
            return
        node = readers[0]
        if isinstance(node.operation, keras.Model):
            position = next(i for i, read in enumerate(node.input_tensors) if read is tensor)
            model, tensor = node.operation, node.operation.inputs[position]
            continue
        yield node.operation
        tensor = node.output_tensors[0]
