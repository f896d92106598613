"""What the documents of the other protocols share: one form of error, and operations written by example."""

from typing import Any

_PARAMETERS = {
    "name": ({"type": "string"}, "fashion_mnist"),
    "version": ({"type": "integer", "minimum": 1, "maximum": 999_999_999}, 1),
    "label": ({"type": "string"}, "stable"),
}
_ERRORS = {
    "400": "Whatever is wrong with the request, a label that nobody set included; the message says where.",
    "401": "A key is needed, and none or an unknown one came.",
    "403": "The key does not allow this, or admin paths are closed because no key is set.",
    "404": "No such model or version.",
    "500": "Something failed in the server.",
    "503": "The model is not ready, or the server is full or stopping.",
    "504": "The time ran out before the answer was computed.",
}
_ERROR_SCHEMA = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def operation(tag: str, summary: str, path: str, answer: Any, body: Any = None) -> dict[str, Any]:
    """Return an operation, with an example of its answer and, where it has one, of its body."""
    names = [name for name in _PARAMETERS if f"{{{name}}}" in path]
    found: dict[str, Any] = {
        "tags": [tag],
        "summary": summary,
        "operationId": path.strip("/").translate(str.maketrans("/:", "__", "{}")),
        "parameters": [_parameter(name) for name in names],
        "responses": {"200": {"description": "The answer.", "content": _json({"type": "object"}, answer)}},
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": _json({"type": "object"}, body)}
    found["responses"] |= errors()
    return found


def errors() -> dict[str, Any]:
    """Return the documented failures, by status."""
    return {
        status: {"description": said, "content": _json(_ERROR_SCHEMA)} for status, said in _ERRORS.items()
    }


def _parameter(name: str) -> dict[str, Any]:
    schema, example = _PARAMETERS[name]
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _json(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {"application/json": content}
