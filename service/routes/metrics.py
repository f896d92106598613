"""`/metrics`: what all workers have counted, for Prometheus."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from service.parts import UseParts
from service.prometheus.collector import ServerCollector, encode
from service.routes.access import needs_metrics

router = APIRouter(tags=["statistics"], dependencies=[needs_metrics])

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus's text format, or OpenMetrics where `Accept` asks for it.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response, responses=_TEXT)
async def metrics(use: UseParts, request: Request) -> Response:
    """Tell of all workers, whichever is asked; of the others up to a second may be missing.

    Open until a key has the scope metrics.
    """
    collector = ServerCollector(await use.statistics.workers(), use.registry)
    accept = request.headers.get("accept", "")
    body, content_type = await asyncio.to_thread(encode, collector, accept)
    return Response(body, headers={"content-type": content_type})
