"""`/statistics`: what every version has done since the server started, in all of its workers."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.parts import UseParts
from service.statistics.durations import Duration
from service.statistics.figures import VersionStatistics

router = APIRouter(tags=["statistics"])


class Spent(BaseModel):
    """So many of something, and the time that they took; `mean_ms` is null where there was none."""

    count: int
    total_ms: float
    mean_ms: float | None


class BatchSize(Spent):
    """The batches of one size."""

    rows: int


class Latencies(BaseModel):
    """How many requests took how long: above the bound before, and at most their own.

    `counts` has one more than `bounds_ms`, for what took longer than all of them.
    """

    bounds_ms: list[float]
    counts: list[int]


class VersionReport(BaseModel):
    """What one version has done."""

    model: str = Field(examples=["fashion_mnist"])
    version: int
    last_inference: datetime | None = Field(description="when a batch was last computed")
    success: Spent = Field(description="requests answered: from the end of the body to the encoded answer")
    latencies: Latencies = Field(description="of `success`")
    failures: dict[str, Spent] = Field(
        description="requests not answered, by the code of the error; `cancelled` where the client left"
    )
    queue: Spent = Field(description="of the answered requests: waiting for a place in a batch")
    compute_input: Spent = Field(description="of the answered requests: decoding")
    compute_infer: Spent = Field(description="of the answered requests: the batch they were part of")
    compute_output: Spent = Field(description="of the answered requests: encoding, in their turn")
    rows: int = Field(description="of the answered requests")
    rows_in_flight: int = Field(description="admitted and not yet answered, now")
    rows_computed: int = Field(description="of all batches, those of evaluations too")
    executions: Spent = Field(description="batches computed")
    mean_batch_rows: float | None
    failed_executions: Spent = Field(description="batches on which the engine failed")
    batches: list[BatchSize] = Field(description="the executions by their rows")


class StatisticsReport(BaseModel):
    """Every version that was loaded since the server started."""

    versions: list[VersionReport]


@router.get("/statistics", summary="What has each version done?")
async def statistics(use: UseParts) -> StatisticsReport:
    """Count requests, rows and batches of every version, and the time that they took, in all workers.

    Of workers beside the one that answers, up to a second may be missing.
    """
    return StatisticsReport(versions=[_report(one) for one in await use.statistics.all()])


def _report(one: VersionStatistics) -> VersionReport:
    computed, requests = one.computed, one.in_all
    last = datetime.fromtimestamp(one.last_inference_ms / 1000, UTC) if one.last_inference_ms else None
    return VersionReport(
        model=one.model,
        version=one.version,
        last_inference=last,
        success=_spent(requests.success.duration),
        latencies=_latencies(one),
        failures={reason: _spent(spent) for reason, spent in sorted(one.failures.items())},
        queue=_spent(requests.queue.duration),
        compute_input=_spent(requests.compute_input),
        compute_infer=_spent(requests.compute_infer.duration),
        compute_output=_spent(requests.compute_output),
        rows=requests.rows,
        rows_in_flight=one.rows_in_flight,
        rows_computed=one.rows_computed,
        executions=_spent(computed),
        mean_batch_rows=one.rows_computed / computed.count if computed.count else None,
        failed_executions=_spent(one.failed_batches),
        batches=[
            BatchSize(rows=rows, **_spent(spent).model_dump()) for rows, spent in sorted(one.batches.items())
        ],
    )


def _latencies(one: VersionStatistics) -> Latencies:
    found = one.in_all.success.seconds
    return Latencies(bounds_ms=[bound * 1000 for bound in found.bounds], counts=list(found.counts))


def _spent(duration: Duration) -> Spent:
    mean_s = duration.mean_s
    return Spent(
        count=duration.count,
        total_ms=duration.ns / 1e6,
        mean_ms=None if mean_s is None else mean_s * 1000,
    )
