"""The `examples` of classify and regress: objects by feature, which here is a model's input.

In TensorFlow a feature is a flat list of numbers, or one number; a model restores the shape. Both are taken
here, and nested lists of the input's shape. What several examples share may stand once, in `context`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.dialects.tfserving.nested import Nesting, array_of, json_type, type_name
from service.errors import InvalidInput
from service.signature import Input

EXAMPLES = "examples"
CONTEXT = "context"


def arrays_of(document: dict[str, Any], inputs: tuple[Input, ...]) -> list[NDArray[Any]]:
    """Return the rows [n, *shape] for each input. Features that are no input are ignored.

    Raises:
        InvalidInput: there are no examples, or one has no fitting value for an input.
    """
    context = _example(document.get(CONTEXT, {}), CONTEXT)
    if EXAMPLES not in document:
        raise InvalidInput(f"key '{EXAMPLES}' is expected and was not found")
    examples = document[EXAMPLES]
    if not isinstance(examples, list):
        raise InvalidInput(
            f"Expecting '{EXAMPLES}' value to be an list/array; got Type: {json_type(examples)}"
        )
    if not examples:
        raise InvalidInput(f"'{EXAMPLES}' value is an empty array")
    merged = [{**context, **_example(one, f"{EXAMPLES}[{i}]")} for i, one in enumerate(examples)]
    return [_feature(merged, tensor) for tensor in inputs]


def _example(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"Example must be JSON object but got JSON {json_type(value)} at {where}")
    return value


def _feature(examples: list[dict[str, Any]], tensor: Input) -> NDArray[Any]:
    nesting = Nesting(tensor)
    rows = []
    for index, example in enumerate(examples):
        where = f"{EXAMPLES}[{index}].{tensor.name}"
        if tensor.name not in example:
            raise InvalidInput(
                f"{EXAMPLES}[{index}]: Feature: {tensor.name} (data type: {type_name(tensor)}) is required "
                "but could not be found"
            )
        rows.append(_row(example[tensor.name], tensor, nesting, where))
    return np.stack(rows)


def _row(value: Any, tensor: Input, nesting: Nesting, where: str) -> NDArray[Any]:
    listed = value if isinstance(value, list) else [value]
    shape = tensor.concrete_shape
    if shape is not None and len(listed) == tensor.row_size and not isinstance(listed[0], list):
        for index, item in enumerate(listed):
            nesting.check_value(item, f"{where}[{index}]")
        return array_of(listed, tensor, where).reshape(shape)
    nesting.check(value, where)
    return array_of(value, tensor, where)
