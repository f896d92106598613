"""`/models` and `/model/summary`: what is served, and what each model is."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from modiste.artifact import LayerInfo, LossInfo, TensorSpec, Totals
from service.parts import UseParts
from service.repository.registry import Record, ServedVersion, State
from service.repository.version_policy import VersionPolicy
from service.routes.paths import Version

router = APIRouter(tags=["models"])


class VersionStatus(BaseModel):
    """One version and its state; `reason` says why it failed."""

    version: int
    state: State
    reason: str | None = None
    engine: str | None = None
    labels: list[str] = Field(description="labels that point here", examples=[["stable"]])


class ModelStatus(BaseModel):
    """One model with its versions."""

    name: str = Field(examples=["fashion_mnist"])
    display_name: str
    default: bool = Field(description="whether `/predict` asks this model")
    versions_loaded: VersionPolicy = Field(
        description="which are to be loaded: so many of the newest, all, or those listed", examples=[2]
    )
    versions: list[VersionStatus]


class ModelList(BaseModel):
    """Every model in the repository."""

    models: list[ModelStatus]


class ParityReport(BaseModel):
    """How the converted graph compared with Keras when the file was prepared."""

    rows: int
    max_abs_difference: float
    tolerance: float


class FileReport(BaseModel):
    """One file of a version."""

    name: str
    bytes: int
    sha256: str


class ModelSummary(BaseModel):
    """What a model version is."""

    name: str = Field(examples=["fashion_mnist"])
    display_name: str
    version: int
    format: str = Field(description="of the model file: keras or h5")
    engine: str = Field(description="what computes it: onnx or keras")
    engine_reason: str | None = Field(description="why the Keras engine, where it is that")
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]
    head: str = Field(description="what the last layer's numbers mean")
    class_names: list[str] | None
    layers: list[LayerInfo]
    totals: Totals
    loss: LossInfo | None
    optimizer: str | None
    metrics: list[str]
    parity: ParityReport | None
    files: list[FileReport]
    notes: list[str]
    trained: dict[str, Any] = Field(description="test metrics, data and date, where the trainer stated them")


@router.get("/models", summary="Which models and versions are here?")
async def models(use: UseParts) -> ModelList:
    """List every model with its versions, their states, and why one failed."""
    registry = use.registry
    return ModelList(
        models=[_model_status(use, name, registry.of_model(name)) for name in registry.model_names]
    )


@router.get("/model/summary", summary="What is the default model?", response_model=ModelSummary)
async def default_summary(use: UseParts, request: Request) -> Response | ModelSummary:
    """Describe the default model; as the table of `model.summary()` for `Accept: text/plain`."""
    return _summary(use.registry.get(), request)


@router.get("/models/{name}/summary", summary="What is this model?", response_model=ModelSummary)
async def summary(use: UseParts, request: Request, name: str) -> Response | ModelSummary:
    """Describe the newest ready version of a model."""
    return _summary(use.registry.get(name), request)


@router.get(
    "/models/{name}/versions/{version}/summary",
    summary="What is this version?",
    response_model=ModelSummary,
)
async def version_summary(
    use: UseParts, request: Request, name: str, version: Version
) -> Response | ModelSummary:
    """Describe one version of a model."""
    return _summary(use.registry.get(name, version), request)


@router.get(
    "/models/{name}/labels/{label}/summary", summary="What is behind this label?", response_model=ModelSummary
)
async def label_summary(use: UseParts, request: Request, name: str, label: str) -> Response | ModelSummary:
    """Describe the version of a model to which a label points."""
    return _summary(use.registry.get(name, label=label), request)


def _model_status(use: UseParts, name: str, records: list[Record]) -> ModelStatus:
    labels = use.registry.labels(name)
    return ModelStatus(
        name=name,
        display_name=records[-1].served.shown_as if records[-1].served else records[-1].candidate.shown_as,
        default=name == use.registry.default_model,
        versions_loaded=use.registry.policy(name),
        versions=[
            VersionStatus(
                version=record.candidate.version,
                state=record.state,
                reason=record.reason,
                engine=record.served.loaded.engine.name if record.served else None,
                labels=[label for label, version in labels.items() if version == record.candidate.version],
            )
            for record in records
        ],
    )


def _summary(served: ServedVersion, request: Request) -> Response | ModelSummary:
    loaded, output = served.loaded, served.loaded.signature.output
    if _prefers_text(request.headers.get("accept", "")):
        return PlainTextResponse(loaded.summary.text)
    return ModelSummary(
        name=served.model,
        display_name=served.shown_as,
        version=served.version,
        format=loaded.summary.source_format,
        engine=loaded.engine.name,
        engine_reason=loaded.summary.engine_reason,
        inputs=_with_range(served),
        outputs=list(loaded.summary.outputs),
        head=loaded.signature.output.head,
        class_names=list(output.class_names) if output.class_names else None,
        layers=list(loaded.summary.layers),
        totals=loaded.summary.totals,
        loss=loaded.summary.loss,
        optimizer=loaded.summary.optimizer,
        metrics=list(loaded.summary.metrics),
        parity=ParityReport(**loaded.summary.parity.model_dump()) if loaded.summary.parity else None,
        files=[FileReport(name=f.name, bytes=f.bytes, sha256=f.sha256) for f in loaded.files],
        notes=list(loaded.summary.notes),
        trained=_trained(served),
    )


def _with_range(served: ServedVersion) -> list[TensorSpec]:
    """The inputs, with the range that a trainer stated in place of what preparing found."""
    loaded = served.loaded
    return [
        spec.model_copy(update={"range": tensor.range})
        for spec, tensor in zip(loaded.summary.inputs, loaded.signature.inputs, strict=True)
    ]


def _trained(served: ServedVersion) -> dict[str, Any]:
    metadata = served.loaded.metadata
    if metadata is None:
        return {}
    return metadata.model_dump(mode="json", include={"metrics", "dataset", "created_at", "libraries"})


def _prefers_text(accept: str) -> bool:
    """Whether text/plain comes before JSON; ``*/*`` means JSON."""
    kinds = [part.partition(";")[0].strip() for part in accept.split(",")]
    for kind in kinds:
        if kind in ("application/json", "*/*", "application/*"):
            return False
        if kind in ("text/plain", "text/*"):
            return True
    return False
