"""`/report`: how a version came to be and how it did on its test data, and the images behind the figures."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from modiste.artifact import DatasetInfo
from modiste.report import VersionReport
from modiste.report_images import ReportImages
from service.errors import ImagesNotFound
from service.parts import Parts, UseParts
from service.repository import report
from service.repository.registry import ServedVersion
from service.routes.access import needs_predict

router = APIRouter(tags=["models"])

_MOST = 100


class Report(BaseModel):
    """All that is known of a version's training and test; null or empty where nothing is."""

    model: str = Field(examples=["fashion_mnist"])
    version: int
    head: str = Field(description="what the last layer's numbers mean")
    class_names: list[str] | None
    created_at: datetime | None
    dataset: DatasetInfo | None
    recipe: dict[str, Any] | None
    libraries: dict[str, str]
    metrics: dict[str, float]
    history: dict[str, list[float]] = Field(description="figures by epoch")
    evaluation: VersionReport | None = Field(description="how it did on the whole test data")
    images: int = Field(description="test images that `/report/images` can show")
    notes: list[str] = Field(description="what is missing, and why")


class Wanted(BaseModel):
    """Which images to show."""

    model_config = ConfigDict(extra="forbid")

    true: int | None = Field(None, ge=0, description="of this class")
    predicted: int | None = Field(None, ge=0, description="taken for this class")
    wrong: bool | None = Field(None, description="classified wrongly, or rightly")
    limit: int = Field(24, ge=1, le=_MOST)


class TestImage(BaseModel):
    """One test image; `true` and `predicted` are classes, or numbers of a model that gives one."""

    index: int = Field(description="its row in the data set's test part")
    true: float | int
    predicted: float | int
    probability: float | None = Field(description="of the predicted class")
    pixels: list[Any] = Field(description="[height][width], or [height][width][3]: 0 to 255")


class TestImages(BaseModel):
    """Some test images: mistakes first, the surest first, then right ones, the least sure first."""

    model: str
    version: int
    images: list[TestImage]


@router.get("/model/report", summary="How did the default model come to be, and how good is it?")
async def default_report(use: UseParts) -> Report:
    """Show the report of the default model."""
    return await _report(use, use.registry.get())


@router.get("/models/{name}/report", summary="How did this model come to be, and how good is it?")
async def model_report(use: UseParts, name: str) -> Report:
    """Show the report of the newest ready version of a model."""
    return await _report(use, use.registry.get(name))


@router.get(
    "/models/{name}/versions/{version}/report", summary="How did this version come to be, and how good is it?"
)
async def version_report(use: UseParts, name: str, version: int) -> Report:
    """Show the report of one version of a model."""
    return await _report(use, use.registry.get(name, version))


@router.get(
    "/models/{name}/labels/{label}/report", summary="How did the version behind this label come to be?"
)
async def label_report(use: UseParts, name: str, label: str) -> Report:
    """Show the report of the version of a model to which a label points."""
    return await _report(use, use.registry.get(name, label=label))


@router.get(
    "/models/{name}/versions/{version}/report/images",
    summary="Which test images are behind these figures?",
    dependencies=[needs_predict],
)
async def report_images(
    use: UseParts, request: Request, name: str, version: int, wanted: Annotated[Wanted, Query()]
) -> TestImages:
    """Show test images by what they are and what they were taken for.

    A version keeps a few of each pair of classes, and all mistakes that its report lists.
    """
    served = use.registry.get(name, version)
    return await asyncio.to_thread(_images, use, served, wanted)


async def _report(use: Parts, served: ServedVersion) -> Report:
    loaded = served.loaded
    metadata, output = loaded.metadata, loaded.signature.output
    found = await asyncio.to_thread(_read, use, served)
    return Report(
        model=served.model,
        version=served.version,
        head=output.head,
        class_names=list(output.class_names) if output.class_names else None,
        created_at=metadata.created_at if metadata else None,
        dataset=metadata.dataset if metadata else None,
        recipe=metadata.recipe if metadata else None,
        libraries=metadata.libraries if metadata else {},
        metrics=metadata.metrics if metadata else {},
        history={name: list(values) for name, values in metadata.history.items()} if metadata else {},
        evaluation=found.evaluation,
        images=len(found.images.index) if found.images else 0,
        notes=list(found.notes),
    )


def _read(use: Parts, served: ServedVersion) -> report.Found:
    candidate = use.registry.records[served.model, served.version].candidate
    return report.read(candidate, served.loaded.metadata)


def _images(use: Parts, served: ServedVersion, wanted: Wanted) -> TestImages:
    found = _read(use, served)
    if found.images is None:
        raise ImagesNotFound(f"no test images of this version can be shown: {found.notes[-1]}")
    chosen = _chosen(found.images, wanted)[: wanted.limit]
    images = [_image(found.images, int(at)) for at in chosen]
    return TestImages(model=served.model, version=served.version, images=images)


def _chosen(images: ReportImages, wanted: Wanted) -> NDArray[np.int64]:
    """Return which of the images are wanted, the most telling first."""
    fits = np.ones(len(images.index), bool)
    if wanted.true is not None:
        fits &= images.true == wanted.true
    if wanted.predicted is not None:
        fits &= images.predicted == wanted.predicted
    wrong = images.true != images.predicted
    if wanted.wrong is not None:
        fits &= wrong == wanted.wrong
    if len(images.probability):
        telling = np.where(wrong, -images.probability, images.probability)
    else:
        telling = -np.abs(images.predicted - images.true)
    order = np.lexsort((telling, ~wrong))
    return order[fits[order]]


def _image(images: ReportImages, at: int) -> TestImage:
    return TestImage(
        index=int(images.index[at]),
        true=images.true[at].item(),
        predicted=images.predicted[at].item(),
        probability=images.probability[at].item() if len(images.probability) else None,
        pixels=images.images[at].tolist(),
    )
