"""What the Open Inference Protocol asks beside predictions: health, metadata, configuration."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from modiste import __version__
from service.dialects.oip.datatypes import name_of
from service.keys import Scope
from service.parts import Parts, UseParts
from service.repository.registry import ServedVersion
from service.repository.version_policy import triton_form
from service.routes.health import why_not_ready
from service.routes.paths import Version
from service.signature import Tensor

router = APIRouter(prefix="/v2", tags=["open inference protocol"])

EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "parameters",
    "schedule_policy",
    "statistics",
)
"""Of the extensions that Triton documents, those that work here whatever the settings."""

_MANAGED = "model_repository"
"""Loading and unloading work where there is a key that may manage models."""

Model = Annotated[str, Path(description="a model's name")]

_PLATFORMS = {"onnx": "onnxruntime_onnx"}


@router.get("", summary="What is this server?")
async def server_metadata(use: UseParts) -> dict[str, Any]:
    """Name, version, and the extensions of the protocol that work here."""
    managed = (_MANAGED,) if use.keys.has(Scope.ADMIN) else ()
    return {"name": "modiste", "version": __version__, "extensions": [*EXTENSIONS, *managed]}


@router.get("/health/live", summary="Is the process alive?")
async def live() -> dict[str, bool]:
    """Answer 200 while the event loop runs."""
    return {"live": True}


@router.get("/health/ready", summary="Should requests be sent here?")
async def ready(use: UseParts, response: Response) -> dict[str, Any]:
    """Answer 200 when the default model is warm and the server is not stopping, else 503 and why."""
    reason = why_not_ready(use)
    if reason is None:
        return {"ready": True}
    response.status_code = 503
    return {"ready": False, "reason": reason}


@router.get("/models", summary="Which models are here?")
async def models(use: UseParts) -> dict[str, list[str]]:
    """The names of all models."""
    return {"models": use.registry.model_names}


def _of_version(path: str, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a route for the newest version of a model, and for each version by its number."""

    def register(asked: Callable[[Parts, str, int | None], Any]) -> Callable[..., Any]:
        async def newest(use: UseParts, name: Model) -> Any:
            return asked(use, name, None)

        async def one(use: UseParts, name: Model, version: Version) -> Any:
            return asked(use, name, version)

        for handler, place in ((newest, "/models/{name}"), (one, "/models/{name}/versions/{version}")):
            handler.__doc__ = asked.__doc__
            handler.__name__ = f"{asked.__name__}_{handler.__name__}"
            router.get(place + path, summary=summary)(handler)
        return asked

    return register


@_of_version("", "What does this model take and give?")
def model_metadata(use: Parts, name: str, version: int | None) -> dict[str, Any]:
    """Inputs and outputs, with -1 for the batch and for every axis of any length."""
    served = use.registry.get(name, version)
    signature = served.loaded.signature
    return {
        "name": served.model,
        "versions": [str(number) for number in use.registry.ready_versions(name)],
        "platform": _platform(served),
        "inputs": [_tensor(one) for one in signature.inputs],
        "outputs": [_tensor(one) for one in signature.outputs],
    }


@_of_version("/ready", "Does this model answer?")
def model_ready(use: Parts, name: str, version: int | None) -> dict[str, Any]:
    """Answer 200 when the version is warm and computes; 503 when it is known and does not, else 404."""
    served = use.registry.get(name, version)
    return {"name": served.model, "ready": served.batcher.alive}


@_of_version("/config", "How is this model served?")
def model_config(use: Parts, name: str, version: int | None) -> dict[str, Any]:
    """The part of Triton's model configuration that says something here."""
    served = use.registry.get(name, version)
    signature = served.loaded.signature
    return {
        "name": served.model,
        "platform": _platform(served),
        "backend": "onnxruntime" if served.loaded.engine.name == "onnx" else "keras",
        "version_policy": triton_form(use.registry.policy(served.model)),
        "max_batch_size": use.max_batch_rows,
        "input": [_configured(one) for one in signature.inputs],
        "output": [_configured(one) for one in signature.outputs],
        "instance_group": [{"name": served.model, "kind": "KIND_AUTO", "count": 1}],
        "dynamic_batching": {"preferred_batch_size": [], "max_queue_delay_microseconds": 0},
    }


def _platform(served: ServedVersion) -> str:
    return _PLATFORMS.get(served.loaded.engine.name, "keras")


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": name_of(tensor.dtype), "shape": _dims((None, *tensor.shape))}


def _configured(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "data_type": f"TYPE_{name_of(tensor.dtype)}",
        "dims": _dims(tensor.shape) or [1],
        **({} if tensor.shape else {"reshape": {"shape": []}}),
    }


def _dims(shape: tuple[int | None, ...]) -> list[int]:
    return [-1 if n is None else n for n in shape]
