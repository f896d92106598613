"""The answer to an ``infer`` request: JSON alone, or JSON and behind it the outputs that are bytes."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dialects.oip.datatypes import BYTES, name_of, strings_to_bytes
from service.dialects.oip.request import InferRequest, Wanted
from service.dialects.port import Name
from service.http_types import Response
from service.rows import Rows, unpack
from service.signature import Output, Signature

JSON_LENGTH = "inference-header-content-length"
"""The header that says how long the JSON is where bytes follow it; there is none where none follow."""

_BINARY = "application/octet-stream"


def answer(served: Name, outputs: Rows, signature: Signature, request: InferRequest) -> Response:
    """Return the answer with the model's raw outputs [n], flat and in row-major order."""
    arrays = dict(zip((one.name for one in signature.outputs), unpack(outputs), strict=True))
    named = {one.name: one for one in signature.outputs}
    wanted = request.wanted or tuple(Wanted(name, request.binary, 0) for name in named)
    listed, tail = [], []
    for one in wanted:
        document, data = _output(arrays[one.name], named[one.name], one)
        listed.append(document)
        if data is not None:
            tail.append(data)
    document = {"model_name": served.model, "model_version": str(served.version), "outputs": listed}
    if request.id is not None:
        document["id"] = request.id
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not tail:
        return Response(200, head)
    return Response(200, b"".join([head, *tail]), _BINARY, {JSON_LENGTH: str(len(head))})


def _output(array: NDArray[Any], output: Output, wanted: Wanted) -> tuple[dict[str, Any], bytes | None]:
    if wanted.classes:
        texts = _classes(array, output, wanted.classes)
        datatype, shape, data = BYTES, texts.shape, strings_to_bytes(texts) if wanted.binary else None
        values: Any = None if wanted.binary else texts.reshape(-1).tolist()
    else:
        datatype, shape = name_of(array.dtype), array.shape
        data = np.ascontiguousarray(array).tobytes() if wanted.binary else None
        values = None if wanted.binary else np.ascontiguousarray(array).reshape(-1)
    document: dict[str, Any] = {"name": output.name, "datatype": datatype, "shape": shape}
    if data is None:
        document["data"] = values
    else:
        document["parameters"] = {"binary_data_size": len(data)}
    return document, data


def _classes(array: NDArray[Any], output: Output, count: int) -> NDArray[Any]:
    """Return the largest values of each row, each as ``value:index`` or ``value:index:label``."""
    best = np.argsort(-array, axis=1, kind="stable")[:, :count]
    labelled = output.class_names is not None and len(output.class_names) == output.units
    texts = [
        [f"{row[i]:f}:{i}" + (f":{output.label(i)}" if labelled else "") for i in order]
        for row, order in zip(array.tolist(), best.tolist(), strict=True)
    ]
    return np.array(texts, object)
