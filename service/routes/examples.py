"""`/docs/examples/{file}`: the bodies of the documentation as files, to be downloaded and sent."""

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from service.examples import bodies

router = APIRouter(prefix="/docs/examples", include_in_schema=False)


@router.get("/{name}")
async def example(name: str) -> Response:
    """Return one body."""
    found = bodies().get(name)
    if found is None:
        raise HTTPException(404, f"no such example; there are: {', '.join(bodies())}")
    return Response(found.body, media_type=found.content_type)
