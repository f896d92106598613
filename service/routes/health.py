"""`/health`: whether the process lives, and whether requests should be sent to it."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from service.errors import ServingError
from service.parts import Parts, UseParts

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The event loop runs: it answered."""

    live: Literal[True] = True


class Ready(BaseModel):
    """Whether the default model is warm and the server is not stopping."""

    ready: bool
    reason: str | None = None


@router.get("/live", summary="Is the process alive?")
async def live() -> Live:
    """Answer 200 while the event loop runs."""
    return Live()


@router.get(
    "/ready",
    summary="Should requests be sent here?",
    response_model_exclude_none=True,
    responses={
        503: {"model": Ready, "description": "The default model is not warm, or the server is stopping."}
    },
)
async def ready(use: UseParts, response: Response) -> Ready:
    """Answer 200 when the default model is warm and the server is not stopping, else 503."""
    reason = why_not_ready(use)
    if reason is None:
        return Ready(ready=True)
    response.status_code = 503
    return Ready(ready=False, reason=reason)


def why_not_ready(use: Parts) -> str | None:
    """Return why no requests should be sent here; None where they should."""
    if use.lifecycle.stopping:
        return "the server is stopping"
    if use.registry.default_ready:
        return None
    try:
        use.registry.get()
    except ServingError as error:
        return error.message
    return "the default model does not compute any more"
