"""The body of an answer in Modiste's own protocol: classes with names and probabilities, or plain numbers."""

from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from modiste.artifact import Head
from modiste.metrics import probabilities
from service.codecs import npy
from service.codecs.bodies import Decoded
from service.dialects.port import Name
from service.errors import InvalidInput
from service.http_types import Response
from service.rows import Rows, unpack
from service.signature import Output, Signature

_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_MULTI_LABEL = (Head.MULTI_LABEL, Head.MULTI_LABEL_LOGITS)
_REGRESSION = Head.REGRESSION  # looked up once: Python 3.11 takes long to find a member of an enum


class AnswerOptions(NamedTuple):
    """What a client asked to have in its answer."""

    top_k: int | None = None
    probabilities: bool = True
    as_npy: bool = False


PLAIN = AnswerOptions()
"""What most clients ask for."""


def check(wanted: AnswerOptions, signature: Signature) -> None:
    """Refuse, before anything is computed, what this model cannot give.

    Raises:
        InvalidInput: `top_k` over the number of classes of an output, or ``.npy`` of several outputs.
    """
    if wanted.top_k is not None:
        classes = max(output.classes for output in signature.outputs)
        if wanted.top_k > classes:
            raise InvalidInput(f"top_k may be 1 to {classes} for this model")
    if wanted.as_npy and len(signature.outputs) > 1:
        raise InvalidInput(f"an .npy file holds one output; this model has {len(signature.outputs)}")


def answer(
    served: Name, outputs: Rows, signature: Signature, wanted: AnswerOptions, decoded: Decoded
) -> Response:
    """Return the answer to one request.

    Args:
        served: the model and the version that made the outputs.
        outputs: raw outputs of the model, [rows].
        signature: of that version.
        wanted: what the client asked for.
        decoded: the request; its warnings, and the names of its files, are in the answer.
    """
    arrays = unpack(outputs)
    if wanted.as_npy:
        headers = {"x-model": served.model, "x-model-version": str(served.version)}
        if decoded.warnings:
            headers["x-warning"] = decoded.warnings[0]
        values = _values(arrays[0], signature.output)
        return Response(200, npy.encode(values), npy.CONTENT_TYPE, headers)
    if len(arrays) == 1:
        predictions = _predictions(arrays[0], signature.output, wanted)
    else:
        predictions = _by_output(arrays, signature, wanted)
    if decoded.files is not None:
        for prediction, file in zip(predictions, decoded.files, strict=True):
            prediction["file"] = file
    document: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "predictions": predictions,
    }
    if decoded.warnings:
        document["warnings"] = decoded.warnings
    return Response(200, orjson.dumps(document, option=_JSON_OPTIONS))


def _by_output(
    arrays: list[NDArray[Any]], signature: Signature, wanted: AnswerOptions
) -> list[dict[str, Any]]:
    """One object a row, with the prediction of each output under its name."""
    columns = [
        _predictions(array, output, wanted) for array, output in zip(arrays, signature.outputs, strict=True)
    ]
    names = [output.name for output in signature.outputs]
    return [{"outputs": dict(zip(names, row, strict=True))} for row in zip(*columns, strict=True)]


def _values(outputs: NDArray[Any], output: Output) -> NDArray[Any]:
    return outputs if output.head is _REGRESSION else probabilities(outputs, output.head)


def _predictions(outputs: NDArray[Any], output: Output, wanted: AnswerOptions) -> list[dict[str, Any]]:
    values = _values(outputs, output)
    if output.head is _REGRESSION:
        plain = values[:, 0] if values.shape[1:] == (1,) else np.ascontiguousarray(values)
        return [{"value": row} for row in plain]
    top_k = None if wanted.top_k is None else min(wanted.top_k, output.classes)
    if output.head in _MULTI_LABEL:
        every = range(output.classes)
        order = [_best(row, top_k) for row in values] if top_k else [every] * len(values)
        return [{"labels": _listed(row, o, output)} for row, o in zip(values, order, strict=True)]
    names = output.class_names
    predictions: list[dict[str, Any]] = [
        {"class": best, "label": names[best] if names else None, "probability": row[best]}
        for row, best in zip(values, values.argmax(axis=1).tolist(), strict=True)
    ]
    if top_k is not None:
        for prediction, row in zip(predictions, values, strict=True):
            prediction["top"] = _listed(row, _best(row, top_k), output)
    if wanted.probabilities:
        for prediction, row in zip(predictions, values, strict=True):
            prediction["probabilities"] = row
    return predictions


def _best(row: NDArray[np.float32], count: int) -> list[int]:
    order: list[int] = np.argsort(-row, kind="stable")[:count].tolist()
    return order


def _listed(row: NDArray[np.float32], order: Any, output: Output) -> list[dict[str, Any]]:
    return [{"class": i, "label": output.label(i), "probability": row[i]} for i in order]
