"""Every metric that is exposed: its name, kind, labels and meaning. docs/observability.md lists the same.

No label holds a word of a client: protocols, reasons, outcomes, kinds and states are words of this program,
models and labels are names that the operator gave.
"""

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram", "summary", "info"]

_VERSION = ("model", "version")
_REQUEST = ("protocol", *_VERSION)
_WORKER = ("worker",)


class Metric(NamedTuple):
    """One metric. A counter's samples end in ``_total``, an info's in ``_info``."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


REQUEST_SECONDS = Metric(
    "modiste_request_duration_seconds",
    "histogram",
    (*_REQUEST, "outcome"),
    "Predictions, from the end of the body to the encoded answer; "
    "outcome is ok, cancelled, or the code of an error",
)
QUEUE_SECONDS = Metric(
    "modiste_request_queue_seconds",
    "histogram",
    _REQUEST,
    "Of the answered predictions: from admission until the first row was taken into a batch",
)
COMPUTE_SECONDS = Metric(
    "modiste_request_compute_seconds",
    "histogram",
    _REQUEST,
    "Of the answered predictions: the whole batch that they were part of",
)
DECODE_SECONDS = Metric(
    "modiste_request_decode_seconds",
    "counter",
    _REQUEST,
    "Of the answered predictions: seconds of decoding in all",
)
ENCODE_SECONDS = Metric(
    "modiste_request_encode_seconds",
    "counter",
    _REQUEST,
    "Of the answered predictions: seconds of encoding in all, behind others of the batch",
)
REQUEST_ROWS = Metric("modiste_request_rows", "counter", _REQUEST, "Rows of the answered predictions")
REFUSED = Metric(
    "modiste_requests_refused",
    "counter",
    ("protocol", "reason"),
    "Requests that got an error and are no version's: no such model or path, malformed, too large, too slow, "
    "and whatever else is no prediction; reason is the code of the error",
)
BATCH_ROWS = Metric("modiste_batch_rows", "histogram", _VERSION, "Rows of the computed batches")
BATCH_SECONDS = Metric(
    "modiste_batch_duration_seconds",
    "histogram",
    _VERSION,
    "Computed batches, from the hand-over to the engine to its outputs",
)
BATCHES_FAILED = Metric("modiste_batches_failed", "counter", _VERSION, "Batches on which the engine failed")
ROWS_FAILED = Metric("modiste_batch_rows_failed", "counter", _VERSION, "Rows of the failed batches")
ROWS_IN_FLIGHT = Metric(
    "modiste_rows_in_flight", "gauge", _VERSION, "Rows admitted and not yet answered, in all workers"
)
LAST_BATCH = Metric(
    "modiste_last_batch_timestamp_seconds",
    "gauge",
    _VERSION,
    "When a batch was last computed, since 1970; 0 for never",
)
EVALUATION_SECONDS = Metric(
    "modiste_evaluation_duration_seconds",
    "summary",
    (*_VERSION, "outcome"),
    "Evaluations that ended; outcome is ok, cancelled, or the code of an error",
)
EVALUATION_ROWS = Metric(
    "modiste_evaluation_rows", "counter", _VERSION, "Rows that evaluations have gone through"
)
VERSION_STATE = Metric(
    "modiste_version_state",
    "gauge",
    (*_VERSION, "state"),
    "Workers in which a version is in a state: found, preparing, ready, draining, failed or unloaded",
)
VERSION = Metric(
    "modiste_version",
    "info",
    (*_VERSION, "engine", "format"),
    "The versions that are loaded: what computes each, and the format of its model file",
)
PARITY_ERROR = Metric(
    "modiste_version_parity_error",
    "gauge",
    _VERSION,
    "Largest difference between the prepared form and Keras on probe rows, where they were compared",
)
PARITY_TOLERANCE = Metric(
    "modiste_version_parity_tolerance", "gauge", _VERSION, "The largest difference that was allowed"
)
NEWEST_VERSION = Metric(
    "modiste_newest_version", "gauge", ("model",), "The version that answers for a model, in the asked worker"
)
LABEL_VERSION = Metric(
    "modiste_label_version",
    "gauge",
    ("model", "label"),
    "The version to which a label points, in the asked worker",
)
SWAPS = Metric(
    "modiste_swaps",
    "counter",
    ("model", "kind"),
    "How often another version took over, in each worker for itself; "
    "kind is newest, or label where a label moved",
)
BUILD = Metric("modiste_build", "info", ("version",), "The release of this server")
WORKERS = Metric("modiste_workers", "gauge", (), "Worker processes that are alive; 1 where that is not known")
CPU_SECONDS = Metric(
    "modiste_worker_cpu_seconds", "counter", _WORKER, "Processor time of a worker's process, on Linux"
)
MEMORY_BYTES = Metric(
    "modiste_worker_resident_memory_bytes",
    "gauge",
    _WORKER,
    "Resident memory of a worker's process, on Linux",
)
OPEN_FILES = Metric(
    "modiste_worker_open_fds", "gauge", _WORKER, "Open files and sockets of a worker's process, on Linux"
)
THREADS = Metric("modiste_worker_threads", "gauge", _WORKER, "Threads of a worker's process, on Linux")
STARTED = Metric(
    "modiste_worker_start_time_seconds",
    "gauge",
    _WORKER,
    "When a worker's process started, since 1970, on Linux",
)

METRICS = tuple(one for one in list(globals().values()) if isinstance(one, Metric))
