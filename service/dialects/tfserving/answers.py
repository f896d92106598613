"""Answers of TensorFlow Serving: raw outputs for `predict`, labels with scores, and plain numbers."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from modiste.artifact import Head
from modiste.metrics import probabilities
from service.dialects.tfserving.paths import CLASSIFY, PREDICT
from service.dialects.tfserving.reading import Details
from service.errors import InvalidInput
from service.http_types import Response
from service.rows import Rows, unpack
from service.signature import Output, Signature

_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


def check(operation: str, signature: Signature) -> None:
    """Refuse, before anything is read, what this model cannot be asked.

    Raises:
        InvalidInput: it is to classify, or to regress, and none of its outputs does.
    """
    if operation != PREDICT:
        _place(operation, signature)


def answer(operation: str, outputs: Rows, signature: Signature, details: Details) -> Response:
    """Return the answer to the model's raw outputs [n].

    Args:
        operation: predict, classify or regress.
        outputs: of the model, as they are.
        signature: of the version that made them.
        details: of the request.
    """
    arrays = unpack(outputs)
    if operation == PREDICT:
        document = _predicted(arrays, signature, details.by_column)
    else:
        place = _place(operation, signature)
        values, output = arrays[place], signature.outputs[place]
        document = {"results": _classified(values, output) if operation == CLASSIFY else values.reshape(-1)}
    headers = {} if details.warning is None else {"x-warning": details.warning}
    return Response(200, orjson.dumps(document, option=_JSON_OPTIONS), headers=headers)


def _predicted(arrays: list[NDArray[Any]], signature: Signature, by_column: bool) -> dict[str, Any]:
    arrays = [np.ascontiguousarray(array) for array in arrays]
    names = [output.name for output in signature.outputs]
    if by_column:
        return {"outputs": arrays[0] if len(arrays) == 1 else dict(zip(names, arrays, strict=True))}
    if len(arrays) == 1:
        return {"predictions": arrays[0]}
    return {"predictions": [dict(zip(names, row, strict=True)) for row in zip(*arrays, strict=True)]}


def _classified(values: NDArray[Any], output: Output) -> list[list[tuple[str, np.float32]]]:
    """Return ``[[label, score], ...]`` for each row; a class without a name is called by its number."""
    labels = [output.label(index) or str(index) for index in range(output.classes)]
    return [list(zip(labels, row, strict=True)) for row in probabilities(values, output.head)]


def _place(operation: str, signature: Signature) -> int:
    """Return which output answers: the first that does what is asked."""
    fits = _is_classifier if operation == CLASSIFY else _is_regression
    for place, output in enumerate(signature.outputs):
        if fits(output):
            return place
    kind = "classification" if operation == CLASSIFY else "regression"
    need = "tells classes apart" if operation == CLASSIFY else "is one plain number a row"
    raise InvalidInput(
        f"Expected {kind} signature method_name to be tensorflow/serving/{operation}. "
        f"Was: tensorflow/serving/predict; no output of this model {need}"
    )


def _is_classifier(output: Output) -> bool:
    return output.head is not Head.REGRESSION


def _is_regression(output: Output) -> bool:
    return output.head is Head.REGRESSION and output.shape in ((), (1,))
