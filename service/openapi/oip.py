"""The OpenAPI document of the Open Inference Protocol; docs/dialects.md says what of it is the same here."""

from typing import Any

from service import examples
from service.openapi import brief

TAG = "open inference protocol"
PREFIX = "/v2"

_OF = {
    "/v2/models/{name}/infer": "the newest ready version of a model",
    "/v2/models/{name}/versions/{version}/infer": "one version of a model",
}


def paths() -> dict[str, Any]:
    """Return the documentation of the paths that the lane answers; the others are FastAPI's."""
    tensor = {"name": "input_layer", "shape": [1, 28, 28], "datatype": "UINT8", "data": examples.pixels()}
    best = {"name": "output", "parameters": {"classification": 3}}
    output = {"name": "output", "datatype": "BYTES", "shape": [1, 1], "data": ["0.980000:9:Ankle boot"]}
    answer = {"model_name": "fashion_mnist", "model_version": "1", "outputs": [output], "id": "mine"}
    body = {"id": "mine", "inputs": [tensor], "outputs": [best]}
    return {path: {"post": brief.operation(TAG, f"Ask {of}", path, answer, body)} for path, of in _OF.items()}
