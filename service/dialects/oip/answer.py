"""The answer to an ``infer`` request: JSON alone, or JSON and behind it the outputs that are bytes."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dialects.oip.datatypes import BYTES, name_of, strings_to_bytes
from service.dialects.oip.request import Head, Wanted
from service.dialects.port import Name
from service.http_types import Response
from service.rows import Rows, unpack
from service.signature import Output, Signature

JSON_LENGTH = "inference-header-content-length"
"""The header that says how long the JSON is where bytes follow it; there is none where none follow."""

_BINARY = "application/octet-stream"
_JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


def answer(served: Name, outputs: Rows, signature: Signature, head: Head) -> Response:
    """Return the answer with the model's raw outputs [n], flat and in row-major order."""
    arrays = unpack(outputs)
    if head.wanted is None:
        wanted = [Wanted(one.name, head.binary, 0) for one in signature.outputs]
        listed = [_output(*each) for each in zip(arrays, signature.outputs, wanted, strict=True)]
    else:
        places = {one.name: place for place, one in enumerate(signature.outputs)}
        listed = [
            _output(arrays[places[one.name]], signature.outputs[places[one.name]], one) for one in head.wanted
        ]
    document = {"model_name": served.model, "model_version": str(served.version)}
    if head.id is not None:
        document["id"] = head.id
    said = orjson.dumps({**document, "outputs": [one for one, _ in listed]}, option=_JSON_OPTIONS)
    tail = [data for _, data in listed if data is not None]
    if not tail:
        return Response(200, said)
    return Response(200, b"".join([said, *tail]), _BINARY, {JSON_LENGTH: str(len(said))})


def _output(array: NDArray[Any], output: Output, wanted: Wanted) -> tuple[dict[str, Any], bytes | None]:
    """Return what the JSON says of an output, and its bytes where it is answered in them."""
    if wanted.classes:
        values, datatype = _classes(array, output, wanted.classes), BYTES
    else:
        values, datatype = array, name_of(array.dtype)
    document: dict[str, Any] = {"name": output.name, "datatype": datatype, "shape": values.shape}
    if not wanted.binary:
        flat = values.reshape(-1)
        return {**document, "data": flat.tolist() if wanted.classes else flat}, None
    data = strings_to_bytes(values) if wanted.classes else values.tobytes()
    return {**document, "parameters": {"binary_data_size": len(data)}}, data


def _classes(array: NDArray[Any], output: Output, count: int) -> NDArray[Any]:
    """Return the largest values of each row, each as ``value:index`` or ``value:index:label``."""
    best = np.argsort(-array, axis=1, kind="stable")[:, :count]
    labelled = output.class_names is not None and len(output.class_names) == output.units
    texts = [
        [f"{row[i]:f}:{i}" + (f":{output.label(i)}" if labelled else "") for i in order]
        for row, order in zip(array.tolist(), best.tolist(), strict=True)
    ]
    return np.array(texts, object)
