"""Managing models: labels, versions, loading and unloading. Every route needs a key with the scope admin."""

import codecs
import logging
from typing import Any, Literal, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.errors import InvalidInput, MalformedBody
from service.http_types import ClientGone, read_body
from service.parts import UseParts
from service.repository.registry import State
from service.repository.version_policy import VersionPolicy, in_words
from service.routes.access import AdminKey

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/models/{name}", tags=["admin"])

_MAX_BODY_BYTES = 4096

T = TypeVar("T", bound=BaseModel)


class LabelTarget(BaseModel):
    """Where a label is to point."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(ge=1, lt=10**9, examples=[1])


class Labels(BaseModel):
    """Where the labels of a model point now."""

    model: str
    labels: dict[str, int] = Field(examples=[{"stable": 1}])


class VersionsLoaded(BaseModel):
    """Which versions of a model are to be loaded."""

    model_config = ConfigDict(extra="forbid", strict=True)

    versions_loaded: VersionPolicy | None = Field(
        description="so many of the newest, all, or those listed; null: as the setting says",
        examples=[3, "all", [1, 4]],
    )


class ModelVersions(BaseModel):
    """Which versions of a model are to be loaded, whoever said it."""

    model: str
    versions_loaded: VersionPolicy = Field(examples=[3])


class LoadedModel(BaseModel):
    """The newest version of a model, which answers now."""

    model: str
    version: int
    state: Literal[State.READY] = State.READY


class UnloadedModel(BaseModel):
    """A model that does not answer until it is loaded again."""

    model: str
    state: Literal[State.UNLOADED] = State.UNLOADED


def _taking(body: type[BaseModel]) -> dict[str, Any]:
    """Document a body that FastAPI does not read."""
    content = {"application/json": {"schema": body.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


@router.put("/labels/{label}", summary="Point a label at a version", openapi_extra=_taking(LabelTarget))
async def set_label(use: UseParts, key: AdminKey, request: Request, name: str, label: str) -> Labels:
    """Set a label or move it; a version that is not loaded is loaded first.

    Answers when the label points there.
    """
    version = (await _body(request, LabelTarget, '{"version": 3}')).version
    await use.operators.label(name, label, version)
    logger.info("key %s: label %s of %s points to version %d", key, label, name, version)
    return Labels(model=name, labels=use.registry.labels(name))


@router.delete("/labels/{label}", summary="Remove a label")
async def remove_label(use: UseParts, key: AdminKey, name: str, label: str) -> Labels:
    """Remove a label; the version that it pointed to stays while it is one of the newest."""
    await use.operators.unlabel(name, label)
    logger.info("key %s: label %s of %s is removed", key, label, name)
    return Labels(model=name, labels=use.registry.labels(name))


@router.put("/versions", summary="Say which versions are to be loaded", openapi_extra=_taking(VersionsLoaded))
async def set_versions(use: UseParts, key: AdminKey, request: Request, name: str) -> ModelVersions:
    """Say which versions of a model are to be loaded, or with null that the setting says it.

    Answers when that is written down; what serves stays until a version that is wanted can.
    """
    policy = (await _body(request, VersionsLoaded, '{"versions_loaded": "all"}')).versions_loaded
    await use.operators.choose(name, policy)
    now = use.registry.policy(name)
    logger.info("key %s: loaded are to be %s of %s", key, in_words(now), name)
    return ModelVersions(model=name, versions_loaded=now)


@router.post("/load", summary="Load a model")
async def load(use: UseParts, key: AdminKey, name: str) -> LoadedModel:
    """Load a model that was unloaded, or new versions of it now, or try again what failed.

    Answers when the newest version that is to be loaded is ready.
    """
    served = await use.operators.load(name)
    logger.info("key %s: %s is loaded", key, name)
    return LoadedModel(model=served.model, version=served.version)


@router.post("/unload", summary="Unload a model")
async def unload(use: UseParts, key: AdminKey, name: str) -> UnloadedModel:
    """Let all versions of a model go, also after a restart, until it is loaded again.

    What was being computed is answered first.
    """
    await use.operators.unload(name)
    logger.info("key %s: %s is unloaded", key, name)
    return UnloadedModel(model=name)


async def _body(request: Request, form: type[T], example: str) -> T:
    """Read the body here: FastAPI would read one of any size, and before it asks for the key."""
    try:
        body = await read_body(dict(request.scope["headers"]), request.receive, _MAX_BODY_BYTES)
    except ClientGone as error:
        raise MalformedBody("the body ended early") from error
    try:
        return form.model_validate_json(body.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "json_invalid":
            raise MalformedBody(f"expected JSON, such as {example}") from error
        where = first["loc"][0] if first["loc"] else "body"  # what follows are names of this program
        raise InvalidInput(f"{where}: {first['msg']}; expected {example}") from error
