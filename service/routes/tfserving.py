"""`GET /v1/models` of TensorFlow Serving: states and metadata of models. Predictions are the lane's."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from service.dialects.port import version_of
from service.dialects.tfserving import paths
from service.dialects.tfserving.metadata import metadata
from service.errors import InvalidInput, ModelNotFound
from service.http_types import route_path
from service.parts import UseParts
from service.repository.registry import Record, Registry, State

router = APIRouter(include_in_schema=False)

_STATES = {
    State.FOUND: "END",
    State.PREPARING: "LOADING",
    State.READY: "AVAILABLE",
    State.DRAINING: "UNLOADING",
    State.FAILED: "END",
    State.UNLOADED: "END",
}


@router.get("/v1/{rest:path}")
@router.get("/V1/{rest:path}")
async def describe(use: UseParts, request: Request) -> dict[str, Any]:
    """Answer whatever is asked with GET, which TensorFlow Serving tells apart by patterns of its own."""
    place = paths.description(route_path(request.scope))
    if place is None:
        raise HTTPException(404)
    version = version_of(place.version)
    if place.model is None:
        return _all_models(use.registry, place)
    if place.operation == paths.METADATA:
        served = use.registry.get(place.model, version, place.label)
        return metadata(served, served.loaded.signature)
    if place.label is not None:
        version = use.registry.get(place.model, None, place.label).version
    return _status(use.registry, place.model, version)


def _all_models(registry: Registry, place: paths.Place) -> dict[str, Any]:
    """TensorFlow Serving has no such list, and KServe, which speaks its protocol too, has this one."""
    if place.version is not None or place.operation != paths.STATUS:
        raise InvalidInput("Missing model name in request.")
    return {"models": registry.model_names}


def _status(registry: Registry, model: str, version: int | None) -> dict[str, Any]:
    """The states of a model's versions, the newest first, or of one."""
    records = [record for record in registry.of_model(model) if version in (None, record.candidate.version)]
    if not records:
        raise _absent(registry, model)
    return {"model_version_status": [_version_status(record) for record in reversed(records)]}


def _absent(registry: Registry, model: str) -> ModelNotFound:
    versions = [str(record.candidate.version) for record in registry.of_model(model)]
    if versions:
        return ModelNotFound(f"versions here: {', '.join(versions)}")
    return ModelNotFound(f"models here: {', '.join(registry.model_names)}")


def _version_status(record: Record) -> dict[str, Any]:
    failed = record.state is State.FAILED
    return {
        "version": str(record.candidate.version),
        "state": _STATES[record.state],
        "status": {
            "error_code": "INTERNAL" if failed else "OK",
            "error_message": (record.reason or "") if failed else "",
        },
    }
