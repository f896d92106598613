"""`/health`: whether the process lives, and whether requests should be sent to it."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from service.errors import ServingError
from service.parts import UseParts

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
    if use.lifecycle.stopping:
        response.status_code = 503
        return Ready(ready=False, reason="the server is stopping")
    if not use.registry.default_ready:
        response.status_code = 503
        return Ready(ready=False, reason=_why_not(use))
    return Ready(ready=True)


def _why_not(use: UseParts) -> str:
    try:
        use.registry.get()
    except ServingError as error:
        return error.message
    return "the default model does not compute any more"
