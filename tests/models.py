"""Small prepared versions made with ONNX alone, for tests of the service that need no Keras."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from modiste.artifact import (
    ONNX,
    SUMMARY,
    Head,
    LayerInfo,
    LossInfo,
    Metadata,
    Summary,
    TensorSpec,
    Totals,
    file_sha256,
)

CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def weights(units: int = 10, size: int = 784, seed: int = 0) -> np.ndarray:
    """The weights [size, units] of a linear version: float32."""
    return np.random.default_rng(seed).normal(0, 0.001, (size, units)).astype(np.float32)


def expected(pixels: np.ndarray, units: int = 10, seed: int = 0) -> np.ndarray:
    """What a version with a softmax answers for pixels [rows, ...]: float32 [rows, units]."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    logits = flat @ weights(units, flat.shape[1], seed)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def write_version(
    folder: Path,
    *,
    head: Head = Head.SOFTMAX,
    units: int = 10,
    shape: tuple[int, ...] = (28, 28),
    limits: tuple[float, float] | None = (0.0, 255.0),
    class_names: tuple[str, ...] | None = CLASS_NAMES,
    loss: LossInfo | None = None,
    seed: int = 0,
    slowness: int = 0,
) -> Path:
    """Write a prepared version: one linear layer, with the activation of its head.

    `slowness` adds so many large matrix products, some milliseconds each, that change nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = int(np.prod(shape))
    activation = {Head.SOFTMAX: "Softmax", Head.SIGMOID: "Sigmoid", Head.MULTI_LABEL: "Sigmoid"}.get(head)
    nodes = [
        helper.make_node("Reshape", ["pixels", "flat_shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits" if activation else "output"]),
    ]
    if slowness:
        nodes[1:] = _slow_nodes(slowness, "logits" if activation else "output")
    if activation:
        nodes.append(helper.make_node(activation, ["logits"], ["output"]))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [None, *shape])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [None, units])],
        [
            numpy_helper.from_array(weights(units, size, seed), "weights"),
            numpy_helper.from_array(np.array([-1, size], np.int64), "flat_shape"),
            *([numpy_helper.from_array(np.eye(2000, dtype=np.float32), "nothing")] if slowness else []),
            *([numpy_helper.from_array(np.eye(units, 2000, dtype=np.float32), "widen")] if slowness else []),
            *([numpy_helper.from_array(np.eye(2000, units, dtype=np.float32), "narrow")] if slowness else []),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / ONNX)
    Summary(
        name="linear",
        source_format="keras",
        source_sha256="0" * 64,
        engine="onnx",
        onnx_sha256=file_sha256(folder / ONNX),
        onnx_opset=17,
        inputs=(TensorSpec(name="pixels", shape=(None, *shape), range=limits),),
        outputs=(TensorSpec(name="output", shape=(None, units)),),
        head=head,
        layers=(
            LayerInfo(
                name="output",
                type="Dense",
                output_shape=(None, units),
                parameters=size * units,
                trainable=True,
            ),
        ),
        totals=Totals(parameters=size * units, trainable=size * units, non_trainable=0),
        loss=loss,
        text=f"Model: linear, {size * units} parameters",
    ).write(folder / SUMMARY)
    if class_names is not None:
        Metadata(class_names=class_names).write(folder / "metadata.json")
    return folder


def write_pair(folder: Path) -> Path:
    """Write a prepared version of two inputs and two outputs; `expected_pair` says what it answers.

    Inputs: `image`, four numbers, and `count`, one whole number. Outputs: `kind`, three classes with
    names, and `size`, one number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["image", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["kind"]),
            helper.make_node("ReduceSum", ["image", "axis"], ["sum"], keepdims=1),
            helper.make_node("Cast", ["count"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["sum", "number"], ["size"]),
        ],
        "pair",
        [value("image", TensorProto.FLOAT, [None, 4]), value("count", TensorProto.INT32, [None, 1])],
        [value("kind", TensorProto.FLOAT, [None, 3]), value("size", TensorProto.FLOAT, [None, 1])],
        [
            numpy_helper.from_array(weights(3, 4), "weights"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / ONNX)
    Summary(
        name="pair",
        source_format="keras",
        source_sha256="0" * 64,
        engine="onnx",
        onnx_sha256=file_sha256(folder / ONNX),
        onnx_opset=17,
        inputs=(
            TensorSpec(name="image", shape=(None, 4)),
            TensorSpec(name="count", shape=(None, 1), dtype="int32"),
        ),
        outputs=(
            TensorSpec(name="kind", shape=(None, 3), head=Head.SOFTMAX),
            TensorSpec(name="size", shape=(None, 1), head=Head.REGRESSION),
        ),
        head=Head.SOFTMAX,
        layers=(),
        totals=Totals(parameters=12, trainable=12, non_trainable=0),
        text="Model: pair",
    ).write(folder / SUMMARY)
    Metadata(class_names={"kind": ("a", "b", "c")}).write(folder / "metadata.json")
    return folder


def expected_pair(image: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a version of `write_pair` answers for image [rows, 4] and count [rows, 1]."""
    return expected(image, 3), image.sum(axis=1, keepdims=True) * count


def _slow_nodes(count: int, output: str) -> list[onnx.NodeProto]:
    """The linear layer, then products with an identity that the optimizer does not see through."""
    nodes = [
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
        helper.make_node("MatMul", ["scores", "widen"], ["wide_0"]),
    ]
    for number in range(count):
        nodes.append(helper.make_node("MatMul", [f"wide_{number}", "nothing"], [f"wide_{number + 1}"]))
    return [*nodes, helper.make_node("MatMul", [f"wide_{count}", "narrow"], [output])]


def write_failing(folder: Path, *, seed: int = 0) -> Path:
    """Write a version whose engine fails on rows that begin with a pixel above 9; else as `write_version`.

    It looks that pixel up in a table of ten zeros, and adds what it finds.
    """
    write_version(folder, seed=seed)
    model = onnx.load(folder / ONNX)
    graph = model.graph
    index = next(i for i, node in enumerate(graph.node) if node.output[0] == "logits")
    graph.node[index].output[0] = "scores"
    more = [
        helper.make_node("Gather", ["flat", "first"], ["pixel"], axis=1),
        helper.make_node("Cast", ["pixel"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["zeros", "place"], ["zero"], axis=0),
        helper.make_node("Add", ["scores", "zero"], ["logits"]),
    ]
    for offset, node in enumerate(more):
        graph.node.insert(index + 1 + offset, node)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([0], np.int64), "first"),
            numpy_helper.from_array(np.zeros(10, np.float32), "zeros"),
        ]
    )
    onnx.save(model, folder / ONNX)
    summary = Summary.read(folder / SUMMARY)
    summary.model_copy(update={"onnx_sha256": file_sha256(folder / ONNX)}).write(folder / SUMMARY)
    return folder
