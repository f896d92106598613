"""`/evaluate`: how good a version is on labelled rows."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modiste.datasets import DatasetError, UnknownDatasetError, load_split
from modiste.metrics import Evaluation
from service import compression, examples, http_errors
from service.codecs import json_explain, json_rows, labelled
from service.codecs.labelled import LabelledRows
from service.errors import DatasetNotFound, InvalidInput, MalformedBody, ServingError, UnsupportedMediaType
from service.evaluation import Progress, checked_labels, evaluate
from service.http_types import ClientGone, read_body
from service.parts import Parts, UseParts, request_id
from service.repository.registry import ServedVersion
from service.routes.access import needs_evaluate
from service.routes.paths import Version

logger = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"

router = APIRouter(tags=["evaluate"], dependencies=[needs_evaluate])


class DatasetRequest(BaseModel):
    """A split of a data set on the server."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dataset: str = Field(examples=["fashion_mnist", "mnist", "cifar10"])
    split: str = "test"
    limit: int | None = Field(None, ge=1, description="the first so many rows alone")


class ClassReport(BaseModel):
    """How one class was told from the others."""

    number: int = Field(alias="class")
    label: str | None
    precision: float
    recall: float
    f1: float
    support: int


class EvaluationReport(BaseModel):
    """What an evaluation found; what does not apply to the model's head is left out."""

    model: str
    version: int
    count: int
    loss: float | None = Field(description="of the data, equal to Keras's but for the regularisation")
    regularization_loss: float
    accuracy: float | None = None
    per_class: list[ClassReport] | None = None
    confusion_matrix: list[list[int]] | None = Field(None, description="[true class][predicted class]")
    expected_calibration_error: float | None = Field(None, description="15 bins of equal width")
    mean_absolute_error: float | None = None
    mean_squared_error: float | None = None


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            json_rows.CONTENT_TYPE: {
                "schema": {"type": "object"},
                "examples": {
                    "data set": {
                        "summary": "A data set on the server",
                        "value": {"dataset": "fashion_mnist", "split": "test", "limit": 2000},
                    },
                    "rows": {
                        "summary": "Rows with labels: numbers, names or one-hot",
                        "value": {"instances": [examples.pixels()], "labels": ["Ankle boot"]},
                    },
                },
            },
            **{kind: _BINARY for kind in labelled.NPZ_CONTENT_TYPES},
        },
    }
}
_OPTIONS: dict[str, Any] = {
    "response_model": EvaluationReport,
    "response_model_exclude_none": True,
    "openapi_extra": _BODY,
}


@router.post("/evaluate", summary="How good is the default model?", **_OPTIONS)
async def evaluate_default(use: UseParts, request: Request) -> Response:
    """Evaluate on rows with labels, on an `.npz` with `x` and `y`, or on a data set of the server.

    With `Accept: application/x-ndjson` one line of progress after the other, then the result.
    """
    return await _evaluate(use, request, use.registry.get())


@router.post("/models/{name}/evaluate", summary="How good is this model?", **_OPTIONS)
async def evaluate_model(use: UseParts, request: Request, name: str) -> Response:
    """Evaluate the newest ready version of a model."""
    return await _evaluate(use, request, use.registry.get(name))


@router.post("/models/{name}/versions/{version}/evaluate", summary="How good is this version?", **_OPTIONS)
async def evaluate_version(use: UseParts, request: Request, name: str, version: Version) -> Response:
    """Evaluate one version of a model."""
    return await _evaluate(use, request, use.registry.get(name, version))


@router.post(
    "/models/{name}/labels/{label}/evaluate", summary="How good is the version behind this label?", **_OPTIONS
)
async def evaluate_label(use: UseParts, request: Request, name: str, label: str) -> Response:
    """Evaluate the version of a model to which a label points."""
    return await _evaluate(use, request, use.registry.get(name, label=label))


async def _evaluate(use: Parts, request: Request, served: ServedVersion) -> Response:
    headers = dict(request.scope["headers"])
    try:
        body = await read_body(headers, request.receive, use.bodies.limits.max_body_bytes)
    except ClientGone:
        return Response(status_code=499)  # nobody reads it
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = compression.of_request(headers)
    if packed is not None:
        limit = use.bodies.limits.max_body_bytes
        body = await asyncio.to_thread(compression.decompressed, body, packed, limit)
    data = await asyncio.to_thread(_labelled, use, body, content_type, served)
    labels = checked_labels(data, served)
    items = evaluate(served, data.rows, labels, use.max_batch_rows, use.evaluation_timeout_s)
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(items, served, request_id(request)), media_type=NDJSON)
    async for item in items:
        if isinstance(item, Evaluation):
            return Response(_encoded(_report(item, served)), media_type="application/json")
    raise AssertionError("an evaluation ends with its result")


def _labelled(use: Parts, body: bytes, content_type: str, served: ServedVersion) -> LabelledRows:
    """Read the rows, in a thread: a large body takes long to parse."""
    if not served.loaded.signature.is_plain:
        raise InvalidInput("a model of one input and one output can be evaluated; this one has more")
    tensor = served.loaded.signature.input
    if content_type in labelled.NPZ_CONTENT_TYPES:
        return labelled.from_npz(body, tensor, use.max_npz_bytes)
    if content_type not in ("", json_rows.CONTENT_TYPE):
        known = ", ".join([json_rows.CONTENT_TYPE, *labelled.NPZ_CONTENT_TYPES])
        raise UnsupportedMediaType(f"expected one of {known}; got another content type")
    if not body:
        raise MalformedBody("expected a JSON body; got an empty one")
    document = json_explain.load_object(body)
    if "dataset" in document:
        return _from_dataset(use, document, served)
    json_explain.require_keys(document, {"instances", "labels"})
    return labelled.from_object(document, tensor)


@lru_cache(maxsize=64)
def _log_once(message: str) -> None:
    """Log a message the first time: clients may ask as often as they like."""
    logger.warning("%s", message)


def _from_dataset(use: Parts, document: dict[str, Any], served: ServedVersion) -> LabelledRows:
    try:
        asked = DatasetRequest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InvalidInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    try:
        split = load_split(asked.dataset, asked.split, use.data_dir)
    except UnknownDatasetError as error:
        raise DatasetNotFound(str(error)) from error
    except DatasetError as error:
        # The places are paths of this machine: for who runs it, and not for who asks.
        _log_once(str(error))
        raise DatasetNotFound(
            f"the data set {asked.dataset} is not on this server; its log says where it was looked for, and "
            "MODISTE_DATA_DIR names a folder to look into first"
        ) from error
    return labelled.from_split(split.x[: asked.limit], split.y[: asked.limit], served.loaded.signature.input)


async def _lines(
    items: AsyncIterator[Progress | Evaluation], served: ServedVersion, request_id: str
) -> AsyncIterator[bytes]:
    try:
        async for item in items:
            if isinstance(item, Progress):
                yield orjson.dumps({"progress": item}) + b"\n"
            else:
                yield orjson.dumps({"result": orjson.Fragment(_encoded(_report(item, served)))}) + b"\n"
    except ServingError as error:
        # The status is sent already: the last line says what became of it.
        yield http_errors.from_error(error, request_id).body + b"\n"


def _report(result: Evaluation, served: ServedVersion) -> EvaluationReport:
    label = served.loaded.signature.output.label
    classes = None
    if result.per_class is not None:
        classes = [
            ClassReport.model_validate({"class": number, "label": label(number), **asdict(one)})
            for number, one in enumerate(result.per_class)
        ]
    matrix = [list(row) for row in result.confusion_matrix] if result.confusion_matrix else None
    return EvaluationReport(
        model=served.model,
        version=served.version,
        count=result.count,
        loss=result.loss,
        regularization_loss=result.regularization_loss,
        accuracy=result.accuracy,
        per_class=classes,
        confusion_matrix=matrix,
        expected_calibration_error=result.expected_calibration_error,
        mean_absolute_error=result.mean_absolute_error,
        mean_squared_error=result.mean_squared_error,
    )


def _encoded(report: EvaluationReport) -> bytes:
    document = report.model_dump(by_alias=True)
    applies = {key: value for key, value in document.items() if value is not None or key == "loss"}
    return orjson.dumps(applies)
