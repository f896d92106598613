"""Converting a model to ONNX, and comparing the graph with the model it came from."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import onnx

from modiste.artifact import Parity, TensorSpec
from modiste.onnx_runtime import ort
from modiste.prepare.faults import raise_machine_fault
from modiste.prepare.graph import all_nodes
from modiste.prepare.onnx_repair import repair
from modiste.prepare.probe import Array, predict
from modiste.reading.errors import first_line

_TOLERANCE = 1e-5


class NotConverted(Exception):
    """The model has no ONNX form that is worth serving; the message says why, for people."""


def convert(
    model: keras.Model,
    path: Path,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
) -> tuple[int, tuple[str, ...]]:
    """Write `model` as an ONNX graph whose inputs and outputs bear the names of `inputs` and `outputs`.

    Returns:
        The version of the operator set, and a sentence for each repair.

    Raises:
        NotConverted: the exporter or ONNX's own checker refuses it.
    """
    try:
        _fix_constants(model)
        model.export(str(path), format="onnx", verbose=False)
        graph = onnx.load(str(path))
        notes = repair(graph)
        _rename(graph.graph, graph.graph.input, [spec.name for spec in inputs])
        _rename(graph.graph, graph.graph.output, [spec.name for spec in outputs])
        onnx.checker.check_model(graph)
        onnx.save(graph, str(path))
    except NotConverted:
        raise
    except Exception as error:  # the exporter raises whatever TensorFlow and tf2onnx raise
        raise_machine_fault(error)
        raise NotConverted(f"it does not convert to ONNX: {first_line(error)}") from error
    return next(entry.version for entry in graph.opset_import if entry.domain == ""), notes


def _fix_constants(model: keras.Model) -> None:
    """Make a normalisation's statistics constants of the graph: as tensors they would become its inputs."""
    for node in all_nodes(model):
        layer = node.operation
        if isinstance(layer, keras.layers.Normalization):
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)


def _rename(graph: onnx.GraphProto, values: Sequence[onnx.ValueInfoProto], names: Sequence[str]) -> None:
    """Give the graph's inputs or outputs their names, wherever they are used, and name the batch axis."""
    if len(values) != len(names):
        raise NotConverted(f"the converted graph has {len(values)} tensors where the model has {len(names)}")
    new_names = {value.name: name for value, name in zip(values, names, strict=True)}
    taken = {name for node in graph.node for name in node.output} - new_names.keys()
    if taken & set(new_names.values()) or len(set(new_names.values())) != len(names):
        raise NotConverted("an input or output of the model bears the name of something inside the graph")
    for value in values:
        value.name = new_names[value.name]
        if value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    _replace(graph, new_names)


def _replace(graph: onnx.GraphProto, new_names: dict[str, str]) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new_names.get(name, name) for name in names]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _replace(attribute.g, new_names)


def compare(
    reference: keras.Model, path: Path, inputs: Sequence[TensorSpec], batches: Sequence[Sequence[Array]]
) -> Parity:
    """Run the graph and the model on the same rows.

    They may differ by 1e-5, and by 1e-5 of the largest number in the output where that is above one:
    logits and plain numbers have no scale of their own, probabilities never pass one.

    Raises:
        NotConverted: ONNX Runtime refuses the graph or these rows.
    """
    try:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        worst = Parity(rows=0, max_abs_difference=0.0, tolerance=_TOLERANCE)
        for arrays in batches:
            fed = {spec.name: array for spec, array in zip(inputs, arrays, strict=True)}
            for found, expected in zip(session.run(None, fed), predict(reference, arrays), strict=True):
                worst = _worse(worst, _difference(found, expected))
    except NotConverted:
        raise
    except Exception as error:  # ONNX Runtime's own exceptions share no base of theirs
        raise_machine_fault(error)
        raise NotConverted(f"ONNX Runtime refuses the graph: {first_line(error)}") from error
    return worst.model_copy(update={"rows": sum(len(arrays[0]) for arrays in batches)})


def _difference(found: Array, expected: Array) -> Parity:
    if found.shape != expected.shape or not np.isfinite(found).all():
        raise NotConverted("ONNX Runtime answers with other than finite numbers of the model's shape")
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    difference = float(np.max(np.abs(found.astype(np.float64) - expected), initial=0.0))
    return Parity(rows=0, max_abs_difference=difference, tolerance=_TOLERANCE * scale)


def _worse(one: Parity, other: Parity) -> Parity:
    """Return the one that comes nearer to its tolerance, or further past it."""
    return max(one, other, key=lambda parity: parity.max_abs_difference / parity.tolerance)
