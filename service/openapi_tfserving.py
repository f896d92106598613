"""The OpenAPI document of TensorFlow Serving's paths; docs/dialects.md says what of it is the same here."""

from typing import Any

from service import examples

_TAG = "tensorflow serving"
_WHICH = {
    "": "the newest ready version of a model",
    "/versions/{version}": "one version of a model",
    "/labels/{label}": "the version that has a label",
}
_PARAMETERS = {
    "name": ({"type": "string"}, "fashion_mnist"),
    "version": ({"type": "integer", "minimum": 1}, 1),
    "label": ({"type": "string"}, "stable"),
}
_ERRORS = {
    "400": "Whatever is wrong with the request, a label that nobody set included; the message says where.",
    "404": "No such model or version.",
    "500": "Something failed in the server.",
    "503": "The model is not ready, or the server is full or stopping.",
    "504": "The time ran out before the answer was computed.",
}
_ERROR_SCHEMA = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}

_SCORES = [[["T-shirt/top", 0.0], ["Trouser", 0.0], ["Ankle boot", 0.98]]]
_STATUS = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
_SIGNATURE = {"inputs": {}, "outputs": {}, "method_name": "tensorflow/serving/predict", "defaults": {}}
_METADATA = {
    "model_spec": {"name": "fashion_mnist", "signature_name": "", "version": "1"},
    "metadata": {"signature_def": {"signature_def": {"serving_default": _SIGNATURE}}},
}


def paths() -> dict[str, Any]:
    """Return the documentation of all paths under ``/v1``."""
    found = {
        "/v1/models": {"get": _operation("List the models", {"models": ["fashion_mnist"]}, "/v1/models")}
    }
    pixels = examples.pixels()
    features = {"examples": [{"input_layer": [value for row in pixels for value in row]}]}
    for which, of in _WHICH.items():
        path = f"/v1/models/{{name}}{which}"
        calls: list[tuple[str, str, Any, Any]] = [
            ("predict", f"Ask {of}", {"instances": [pixels]}, {"predictions": [[0.0, 0.02, 0.98]]}),
            ("classify", f"Ask for the labels of {of}", features, {"results": _SCORES}),
            ("regress", f"Ask for the numbers of {of}", {"examples": [{"x": [1, 2]}]}, {"results": [0.5]}),
        ]
        for operation, summary, body, answer in calls:
            asked = f"{path}:{operation}"
            found[asked] = {"post": _operation(summary, answer, asked, body)}
        found[path] = {"get": _operation(f"The state of {of}", {"model_version_status": [_STATUS]}, path)}
        described = f"{path}/metadata"
        found[described] = {"get": _operation(f"Inputs and outputs of {of}", _METADATA, described)}
    return found


def _operation(summary: str, answer: Any, path: str, body: Any = None) -> dict[str, Any]:
    names = [name for name in _PARAMETERS if f"{{{name}}}" in path]
    operation: dict[str, Any] = {
        "tags": [_TAG],
        "summary": summary,
        "operationId": path.strip("/").translate(str.maketrans("/:", "__", "{}")),
        "parameters": [_parameter(name) for name in names],
        "responses": {"200": {"description": "The answer.", "content": _json({"type": "object"}, answer)}},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json({"type": "object"}, body)}
    for status, said in _ERRORS.items():
        operation["responses"][status] = {"description": said, "content": _json(_ERROR_SCHEMA)}
    return operation


def _parameter(name: str) -> dict[str, Any]:
    schema, example = _PARAMETERS[name]
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"application/json": content}
