"""What is known of the predictions that came to one version in one protocol."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from service.errors import ServingError
from service.http_types import ClientGone
from service.statistics.durations import NO_BUCKETS, NO_TIME, Duration, Times

CANCELLED = "cancelled"
"""The reason of a request whose client left before the answer."""

INTERNAL = "internal"
"""The reason of a request that an error of the server itself ended; all others are the codes of errors."""

DONE = "ok"
"""What stands in place of a reason where there is an answer."""


@dataclass(frozen=True, slots=True)
class RequestStatistics:
    """The predictions of one protocol. The words of durations are those of Triton's statistics.

    Attributes:
        success: requests that were answered, from the end of the body to the end of the encoding.
        failures: those that were not, by the error's code, or `CANCELLED` or `INTERNAL`; likewise.
        queue: of the answered requests, from admission until the first row was taken into a batch.
        compute_input: of the answered requests, from the end of the body to admission: decoding.
        compute_infer: of the answered requests, the batch that they were part of, the whole of it for each;
            of one that was cut, from its first batch to the end of its last.
        compute_output: of the answered requests, from the outputs to the end of the encoding, behind that of
            others of the batch. The four together are `success`.
        rows: of the answered requests.
    """

    success: Times = NO_BUCKETS
    failures: Mapping[str, Times] = field(default_factory=dict)
    queue: Times = NO_BUCKETS
    compute_input: Duration = NO_TIME
    compute_infer: Times = NO_BUCKETS
    compute_output: Duration = NO_TIME
    rows: int = 0

    def __add__(self, other: "RequestStatistics") -> "RequestStatistics":
        return RequestStatistics(
            self.success + other.success,
            {
                reason: self.failures.get(reason, NO_BUCKETS) + other.failures.get(reason, NO_BUCKETS)
                for reason in {**self.failures, **other.failures}
            },
            self.queue + other.queue,
            self.compute_input + other.compute_input,
            self.compute_infer + other.compute_infer,
            self.compute_output + other.compute_output,
            self.rows + other.rows,
        )


def reason_of(error: BaseException) -> str:
    """Return the word under which a failure is counted."""
    if isinstance(error, ServingError):
        return error.code
    return CANCELLED if isinstance(error, ClientGone | asyncio.CancelledError) else INTERNAL
