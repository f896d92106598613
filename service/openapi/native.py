"""The OpenAPI document of the predict paths, which the lane answers and FastAPI does not know.

The examples are real: one picture of the Fashion-MNIST test set, and what the shipped model says of it.
"""

from typing import Any

from service import examples
from service.codecs import json_rows, multipart, npy
from service.errors import (
    DatasetNotFound,
    DeadlineExceeded,
    Forbidden,
    ImagesNotFound,
    InvalidInput,
    LabelNotFound,
    MalformedBody,
    ModelFailed,
    ModelFailure,
    ModelNotFound,
    ModelNotReady,
    Overloaded,
    ServingError,
    StateUnavailable,
    TooLarge,
    Unauthorized,
    UnsupportedMediaType,
)
from service.http_errors import STATUS

_KEYS = (Unauthorized, Forbidden)

_ERRORS: tuple[type[ServingError], ...] = (
    MalformedBody,
    *_KEYS,
    ModelNotFound,
    TooLarge,
    UnsupportedMediaType,
    InvalidInput,
    Overloaded,
    ModelFailure,
    ModelNotReady,
    ModelFailed,
    DeadlineExceeded,
)

_PATHS = {
    "/predict": "Ask the default model",
    "/models/{name}/predict": "Ask the newest ready version of a model",
    "/models/{name}/versions/{version}/predict": "Ask one version of a model",
    "/models/{name}/labels/{label}/predict": "Ask the version of a model to which a label points",
}

_BINARY = {"type": "string", "format": "binary"}

_NUMBERS = {
    "description": "One row, a list of rows, or flat rows, as numbers in the model's range.",
    "type": "array",
    "items": {},
}

_CLASS = {
    "type": "object",
    "properties": {
        "class": {"type": "integer"},
        "label": {"type": ["string", "null"]},
        "probability": {"type": "number"},
    },
}

_PREDICTION = {
    "type": "object",
    "description": "`class`, `label` and `probability` of a classifier; `labels` of one with several labels "
    "for a row; `value` of a regression model.",
    "properties": {
        **_CLASS["properties"],  # type: ignore[dict-item]
        "probabilities": {"type": "array", "items": {"type": "number"}},
        "top": {"type": "array", "items": _CLASS},
        "labels": {"type": "array", "items": _CLASS},
        "value": {"type": "number"},
        "file": {"type": "string"},
    },
}

ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "request_id"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "request_id": {"type": "string"},
            },
        }
    },
}


def paths() -> dict[str, Any]:
    """Return the documentation of the predict paths, which the lane answers."""
    return {path: _path(path, text) for path, text in _PATHS.items()}


def describe_errors(document: dict[str, Any]) -> None:
    """Put our error body in place of FastAPI's, in all of its operations."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = ERROR_SCHEMA
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # FastAPI's own, which refers to the schemas that were taken out.
            operation["responses"].pop("422", None)
            operation["responses"] |= error_responses(*_errors_of(path))


def _errors_of(path: str) -> tuple[type[ServingError], ...]:
    """What may fail in the operations that FastAPI documents."""
    label = (LabelNotFound,) if "{label}" in path else ()
    if path.endswith("/evaluate"):
        return (*_ERRORS, *label, DatasetNotFound)
    if path.endswith("/explain"):
        return (*_ERRORS, *label)
    if path.endswith("/report/images"):
        return (InvalidInput, *_KEYS, ImagesNotFound, ModelNotFound, ModelNotReady, ModelFailed)
    if path.endswith(("/summary", "/report")):
        version = (InvalidInput,) if "{version}" in path else ()
        return (*version, *label, ModelNotFound, ModelNotReady, ModelFailed)
    body = (MalformedBody, TooLarge, InvalidInput)
    if path.endswith("/versions"):
        return (*body, *_KEYS, ModelNotFound, StateUnavailable)
    if path.endswith("/labels/{label}"):
        return (*body, *_KEYS, *label, ModelNotFound, ModelNotReady, ModelFailed, StateUnavailable)
    if path.endswith("load"):
        return (*_KEYS, ModelNotFound, ModelFailed, StateUnavailable)
    return ()


def _path(path: str, summary: str) -> dict[str, Any]:
    names = [name for name in ("name", "version", "label") if f"{{{name}}}" in path]
    operation = "predict" + "".join(f"_{name}" for name in names)
    return {
        "post": {
            "tags": ["predict"],
            "summary": summary,
            "description": _description(),
            "operationId": operation,
            "parameters": [*map(_path_parameter, names), *_parameters()],
            "requestBody": {"required": True, "content": _bodies()},
            "responses": _responses(LabelNotFound) if "label" in names else _responses(),
            "security": [{}, {"key": []}],
        }
    }


def _path_parameter(name: str) -> dict[str, Any]:
    version = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
    schema = version if name == "version" else {"type": "string"}
    example = {"version": 1, "label": "stable"}.get(name, "fashion_mnist")
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _parameters() -> list[dict[str, Any]]:
    return [
        {
            "name": "top_k",
            "in": "query",
            "description": "Give the k most probable classes as `top`.",
            "schema": {"type": "integer", "minimum": 1},
        },
        {
            "name": "probabilities",
            "in": "query",
            "description": "Leave the whole vector out with `false`.",
            "schema": {"type": "boolean", "default": True},
        },
        {
            "name": "X-Timeout-Ms",
            "in": "header",
            "description": "How long the answer may take; then 504.",
            "schema": {"type": "integer", "minimum": 1},
        },
    ]


def _bodies() -> dict[str, Any]:
    flat = [value for row in examples.pixels() for value in row]
    instances = {
        "one image": {"summary": "One image, 28x28", "value": {"instances": examples.pixels()}},
        "two images": {"summary": "A list of images", "value": {"instances": [examples.pixels()] * 2}},
        "flat": {"summary": "Flat rows of 784", "value": {"instances": [flat]}},
    }
    binary = {
        example.content_type: {
            "schema": _BINARY,
            "examples": {name: {"summary": example.summary, "externalValue": f"docs/examples/{name}"}},
        }
        for name, example in examples.bodies().items()
    }
    return {
        **binary,
        json_rows.CONTENT_TYPE: {
            "schema": {"type": "object", "required": ["instances"], "properties": {"instances": _NUMBERS}},
            "examples": instances,
        },
        multipart.CONTENT_TYPE: {
            "schema": {"type": "object", "properties": {"files": {"type": "array", "items": _BINARY}}}
        },
    }


def _description() -> str:
    """How to send every kind of body, to be pasted as it stands."""
    lines = []
    for name, example in examples.bodies().items():
        lines.append(f"curl -sO $URL/docs/examples/{name}")
        lines.append(f"curl -s $URL/predict -H 'content-type: {example.content_type}' --data-binary @{name}")
    form = "curl -s $URL/predict -F files=@boot.png -F files=@boot.npy"
    shell = "\n".join(["URL=http://127.0.0.1:8000", *lines, form])
    return (
        "Pixels go in as they are, 0 to 255; the model scales them itself. The same picture in every form, "
        f"from a shell:\n\n```sh\n{shell}\n```"
    )


def _responses(*more: type[ServingError]) -> dict[str, Any]:
    example = {
        "model": "fashion_mnist",
        "version": 1,
        "predictions": [{"class": 9, "label": "Ankle boot", "probability": 0.98}],
    }
    schema = {
        "type": "object",
        "required": ["model", "version", "predictions"],
        "properties": {
            "model": {"type": "string"},
            "version": {"type": "integer"},
            "predictions": {"type": "array", "items": _PREDICTION},
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
    }
    answers: dict[str, Any] = {
        "200": {
            "description": "One prediction a row, in the order sent.",
            "content": {
                "application/json": {"schema": schema, "example": example},
                npy.CONTENT_TYPE: {"schema": _BINARY},
            },
        }
    }
    return answers | error_responses(*_ERRORS, *more)


def error_responses(*errors: type[ServingError]) -> dict[str, Any]:
    """The documented failures of an operation, by status; several errors may share one."""
    said: dict[str, list[str]] = {}
    for error in errors:
        said.setdefault(str(STATUS[error]), []).append((error.__doc__ or "").split("\n")[0])
    return {status: _error_response(" ".join(texts).replace("`", "")) for status, texts in said.items()}


def _error_response(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": description, "content": content}
