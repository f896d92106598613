"""`/explain`: which pixels of a picture an answer rests on."""

import asyncio
import time
from typing import Annotated, Any, NamedTuple

import numpy as np
import orjson
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from modiste.artifact import Head
from modiste.metrics import probabilities
from service import compression, examples
from service.dialects.names import MODISTE
from service.errors import InvalidInput
from service.explanation import Fill, Occlusion, importance, occluded, plan
from service.http_types import ClientGone, read_body
from service.leaving import answer_unless_gone
from service.parts import Parts, UseParts
from service.repository.registry import ServedVersion
from service.routes.access import needs_predict
from service.signature import Output
from service.statistics.requests import reason_of

router = APIRouter(tags=["explain"], dependencies=[needs_predict])


class Wanted(BaseModel):
    """What may be asked for beside the picture."""

    model_config = ConfigDict(extra="forbid")

    number: int | None = Field(
        None, alias="class", ge=0, description="the class; the most probable one, unless told"
    )
    patch: int | None = Field(None, ge=1, le=4096, description="side of the patch in pixels")
    stride: int | None = Field(None, ge=1, le=4096, description="pixels from one place to the next")
    fill: Fill = Field(
        Fill.MEAN, description="the colour of the patch: the picture's mean, or that of its edge"
    )


class Explanation(BaseModel):
    """How much the class loses where a part of the picture is hidden."""

    model: str = Field(examples=["fashion_mnist"])
    version: int
    method: str = Field(description="occlusion", examples=["occlusion"])
    number: int | None = Field(alias="class", description="null for a model that gives a number")
    label: str | None
    base: float = Field(description="the probability of the class for the whole picture, or the number")
    patch: int
    stride: int
    fill: Fill
    patches: int = Field(description="how many copies of the picture were computed")
    map: list[list[float]] = Field(
        description="for each pixel [height][width], the mean loss of `base` over the patches that hid it"
    )
    warnings: list[str] | None = None


class _Asked(NamedTuple):
    """A picture that was read, with its copies [1 + patches, *shape]."""

    rows: NDArray[Any]
    where: Occlusion
    warnings: list[str]


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One picture, in any of the forms that `/predict` takes.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["instances"]},
                "example": {"instances": examples.pixels()},
            },
            "image/png": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_OPTIONS: dict[str, Any] = {"response_model": Explanation, "openapi_extra": _BODY}

UseWanted = Annotated[Wanted, Query()]


@router.post("/explain", summary="Why this answer of the default model?", **_OPTIONS)
async def explain_default(use: UseParts, request: Request, wanted: UseWanted) -> Response:
    """Hide one part of a picture after the other, and see what the answer loses."""
    return await _explain(use, request, use.registry.get(), wanted)


@router.post("/models/{name}/explain", summary="Why this answer of this model?", **_OPTIONS)
async def explain_model(use: UseParts, request: Request, name: str, wanted: UseWanted) -> Response:
    """Explain an answer of the newest ready version of a model."""
    return await _explain(use, request, use.registry.get(name), wanted)


@router.post(
    "/models/{name}/versions/{version}/explain", summary="Why this answer of this version?", **_OPTIONS
)
async def explain_version(
    use: UseParts, request: Request, name: str, version: int, wanted: UseWanted
) -> Response:
    """Explain an answer of one version of a model."""
    return await _explain(use, request, use.registry.get(name, version), wanted)


@router.post(
    "/models/{name}/labels/{label}/explain",
    summary="Why this answer of the version behind this label?",
    **_OPTIONS,
)
async def explain_label(
    use: UseParts, request: Request, name: str, label: str, wanted: UseWanted
) -> Response:
    """Explain an answer of the version of a model to which a label points."""
    return await _explain(use, request, use.registry.get(name, label=label), wanted)


async def _explain(use: Parts, request: Request, served: ServedVersion, wanted: Wanted) -> Response:
    began = read_at = time.monotonic()
    try:
        headers = dict(request.scope["headers"])
        body = await read_body(headers, request.receive, use.bodies.limits.max_body_bytes)
        read_at = time.monotonic()
        asked = await asyncio.to_thread(_read, use, body, headers, served, wanted)
        # One request of many rows: the batcher cuts it where it is larger than a batch.
        entry = served.batcher.enter(asked.rows, began + use.evaluation_timeout_s)
        outputs = await answer_unless_gone(entry.future, request.receive)
        content = await asyncio.to_thread(_answer, served, asked, outputs, wanted)
    except BaseException as error:
        served.counts.failed(MODISTE, reason_of(error), time.monotonic() - read_at)
        if isinstance(error, ClientGone):
            return Response(status_code=499)  # nobody reads it
        raise
    served.counts.answered(MODISTE, entry, read_at, time.monotonic())
    return Response(content, media_type="application/json")


def _read(
    use: Parts, body: bytes, headers: dict[bytes, bytes], served: ServedVersion, wanted: Wanted
) -> _Asked:
    signature, limits = served.loaded.signature, use.bodies.limits
    if not signature.is_plain:
        raise InvalidInput("a model of one input and one output can be explained; this one has more")
    packed = compression.of_request(headers)
    if packed is not None:
        body = compression.decompressed(body, packed, limits.max_body_bytes)
    where = plan(signature.input, wanted.patch, wanted.stride, limits.max_rows, limits.max_body_bytes)
    _check_class(wanted.number, signature.output)
    decoded = use.bodies.read(body, headers.get(b"content-type", b""), signature)
    if len(decoded.rows) != 1:
        raise InvalidInput(f"expected one picture; got {len(decoded.rows)}")
    return _Asked(occluded(decoded.rows[0], where, wanted.fill), where, list(decoded.warnings))


def _check_class(number: int | None, output: Output) -> None:
    if output.head is Head.REGRESSION:
        if number is not None or output.units != 1 or len(output.shape) != 1:
            raise InvalidInput(
                "this model gives numbers: one that gives one number is explained, without a class"
            )
    elif number is not None and number >= output.classes:
        raise InvalidInput(f"class may be 0 to {output.classes - 1} for this model")


def _answer(served: ServedVersion, asked: _Asked, outputs: NDArray[Any], wanted: Wanted) -> bytes:
    output, where = served.loaded.signature.output, asked.where
    values = probabilities(outputs, output.head)
    number = int(values[0].argmax()) if wanted.number is None else wanted.number
    mine = values[:, number].astype(np.float64)
    is_number = output.head is Head.REGRESSION
    document: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "method": "occlusion",
        "class": None if is_number else number,
        "label": None if is_number else output.label(number),
        "base": float(mine[0]),
        "patch": where.patch,
        "stride": where.stride,
        "fill": wanted.fill,
        "patches": where.count,
        "map": importance(where, mine[0] - mine[1:]),
    }
    if asked.warnings:
        document["warnings"] = asked.warnings
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
