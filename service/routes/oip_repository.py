"""The model repository extension of the Open Inference Protocol: what is here, loading and unloading."""

import codecs
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from service.errors import InvalidInput
from service.http_types import read_body
from service.parts import UseParts
from service.repository.registry import State
from service.repository.version_policy import in_words
from service.routes.access import AdminKey

router = APIRouter(prefix="/v2/repository", tags=["open inference protocol"])

_STATES = {
    State.FOUND: "UNAVAILABLE",
    State.PREPARING: "LOADING",
    State.READY: "READY",
    State.DRAINING: "UNLOADING",
    State.FAILED: "UNAVAILABLE",
    State.UNLOADED: "UNAVAILABLE",
}
_MAX_BODY_BYTES = 64 * 1024
_UPLOADED = ("config", "file:")


@router.post("/index", summary="Which versions are here, and in which state?")
async def index(use: UseParts, request: Request) -> list[dict[str, str]]:
    """One entry a version; `{"ready": true}` asks for those alone that answer."""
    ready_only = (await _document(request)).get("ready", False)
    if not isinstance(ready_only, bool):
        raise InvalidInput("Invalid value for 'ready': expected a boolean")
    return [
        {
            "name": name,
            "version": str(record.candidate.version),
            "state": _STATES[record.state],
            "reason": record.reason or _reason(use, name, record.state),
        }
        for name in use.registry.model_names
        for record in use.registry.of_model(name)
        if record.state is State.READY or not ready_only
    ]


def _reason(use: UseParts, model: str, state: State) -> str:
    if state is State.FOUND:
        return f"not loaded: loaded are {in_words(use.registry.policy(model))}, and any with a label"
    return "unloaded" if state is State.UNLOADED else ""


@router.post("/models/{name}/load", summary="Load a model")
async def load(use: UseParts, key: AdminKey, request: Request, name: str) -> Response:
    """Load what is in the folder, and answer when the newest version is ready; nothing can be uploaded."""
    parameters = (await _document(request)).get("parameters")
    if not isinstance(parameters, dict | None):
        raise InvalidInput("expected 'parameters', an object")
    if any(parameter.startswith(_UPLOADED) for parameter in parameters or ()):
        raise InvalidInput(
            "a model comes through the artifacts folder: no configuration and no file is taken"
        )
    await use.operators.load(name)
    return Response()


@router.post("/models/{name}/unload", summary="Unload a model")
async def unload(use: UseParts, key: AdminKey, name: str) -> Response:
    """Let all versions of a model go, and answer when what they were computing is answered."""
    await use.operators.unload(name)
    return Response()


async def _document(request: Request) -> dict[str, Any]:
    body = await read_body(dict(request.scope["headers"]), request.receive, _MAX_BODY_BYTES)
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        document = orjson.loads(body) if body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise InvalidInput("failed to parse the request JSON buffer") from error
    if not isinstance(document, dict):
        raise InvalidInput("expected a JSON object")
    return document
