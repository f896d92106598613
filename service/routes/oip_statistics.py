"""The statistics extension of the Open Inference Protocol, over all workers of this server."""

from typing import Any

from fastapi import APIRouter

from service.parts import Parts, UseParts
from service.routes.paths import Version
from service.statistics.durations import Duration
from service.statistics.figures import VersionStatistics

router = APIRouter(prefix="/v2/models", tags=["open inference protocol"])

_NONE = {"count": 0, "ns": 0}


@router.get("/stats", summary="What has every version done?")
async def of_all(use: UseParts) -> dict[str, Any]:
    """Statistics of every version that was loaded since the server started."""
    return _listed(await use.statistics.all())


@router.get("/{name}/stats", summary="What have this model's versions done?")
async def of_model(use: UseParts, name: str) -> dict[str, Any]:
    """Statistics of the versions of a model."""
    return await _of(use, name, None)


@router.get("/{name}/versions/{version}/stats", summary="What has this version done?")
async def of_version(use: UseParts, name: str, version: Version) -> dict[str, Any]:
    """Statistics of one version."""
    return await _of(use, name, version)


async def _of(use: Parts, name: str, version: int | None) -> dict[str, Any]:
    found = await use.statistics.of(name, version)
    if not found:
        use.registry.get(name, version)  # raises, and says why, what is not here or does not answer
    return _listed(found)


def _listed(found: list[VersionStatistics]) -> dict[str, Any]:
    return {"model_stats": [_statistics(one) for one in found]}


def _statistics(one: VersionStatistics) -> dict[str, Any]:
    requests = one.in_all
    return {
        "name": one.model,
        "version": str(one.version),
        "last_inference": one.last_inference_ms,
        "inference_count": one.rows_computed,
        "execution_count": one.computed.count,
        "inference_stats": {
            "success": _duration(requests.success.duration),
            "fail": _duration(one.failure),
            "queue": _duration(requests.queue.duration),
            "compute_input": _duration(requests.compute_input),
            "compute_infer": _duration(requests.compute_infer.duration),
            "compute_output": _duration(requests.compute_output),
            "cache_hit": _NONE,
            "cache_miss": _NONE,
        },
        "batch_stats": [
            # Decoding and encoding are of requests, and a batch has none of its own.
            {
                "batch_size": size,
                "compute_input": {"count": batches.count, "ns": 0},
                "compute_infer": _duration(batches),
                "compute_output": {"count": batches.count, "ns": 0},
            }
            for size, batches in sorted(one.batches.items())
        ],
        "memory_usage": [],
        "response_stats": {},
    }


def _duration(duration: Duration) -> dict[str, int]:
    return {"count": duration.count, "ns": duration.ns}
