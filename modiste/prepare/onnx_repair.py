"""Repairing a converted graph: operations that the converter copies and ONNX does not have.

The converter leaves a TensorFlow operation that it does not know in the graph under its own name, and
ONNX Runtime then refuses the file. Two of them have plain equivalents, and GELU, ELU and SELU need them.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.helper import make_node

_ONE = "modiste_one"

# The equivalents: the operation that ONNX has, and whether one is what the result is taken from.
_EQUIVALENTS = {
    "Erfc": ("Erf", True),  # 1 - erf(x)
    "Expm1": ("Exp", False),  # exp(x) - 1
}


def repair(model: onnx.ModelProto) -> tuple[str, ...]:
    """Replace the known foreign operations in place, and return a sentence for each kind replaced."""
    replaced: set[str] = set()
    for graph in _graphs(model.graph):
        nodes = [new for node in graph.node for new in _equivalent(node, replaced)]
        del graph.node[:]
        graph.node.extend(nodes)
    if replaced:
        # Graphs inside see the outer graph's names, so that one constant serves all.
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(1.0, np.float32), _ONE))
    return tuple(
        f"the operation {name}, which ONNX does not have, was written out" for name in sorted(replaced)
    )


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and the bodies of its loops and branches."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _equivalent(node: onnx.NodeProto, replaced: set[str]) -> list[onnx.NodeProto]:
    if node.op_type not in _EQUIVALENTS:
        return [node]
    replaced.add(node.op_type)
    operation, from_one = _EQUIVALENTS[node.op_type]
    between = f"{node.output[0]}/{operation}"
    operands = [_ONE, between] if from_one else [between, _ONE]
    return [
        make_node(operation, list(node.input), [between], name=f"{node.name}/{operation}"),
        make_node("Sub", operands, list(node.output), name=f"{node.name}/Sub"),
    ]
