"""The metrics of `service.prometheus.table`, filled with what all workers have counted."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from modiste import __version__
from service.prometheus import processes, table
from service.prometheus.table import Metric
from service.repository.registry import Registry, ServedVersion, State
from service.statistics.durations import Duration, Histogram
from service.statistics.figures import VersionStatistics, merged
from service.statistics.requests import DONE
from service.statistics.worker import WorkerStatistics, added

Labelled = tuple[Sequence[str], float]


class ServerCollector(Collector):
    """One scrape. Made in the event loop, for it reads the registry; collected in a thread."""

    def __init__(self, workers: Sequence[WorkerStatistics], registry: Registry) -> None:
        self._workers = workers
        records = registry.records.values()
        self._served = [record.served for record in records if record.served is not None]
        self._newest = {
            name: max(registry.ready_versions(name), default=None) for name in registry.model_names
        }
        self._labels = {name: registry.labels(name) for name in registry.model_names}

    def collect(self) -> Iterator[Family]:
        """Give every metric."""
        versions = merged(one for worker in self._workers for one in worker.versions)
        yield from _requests(versions)
        yield _counter(table.REFUSED, _pairs(added(worker.refused for worker in self._workers)))
        yield from _batches(versions)
        yield from _evaluations(versions)
        yield _gauge(table.VERSION_STATE, _states(self._workers))
        yield from _loaded(self._served)
        newest = ((name, version) for name, version in self._newest.items() if version is not None)
        yield _gauge(table.NEWEST_VERSION, (((name,), version) for name, version in newest))
        yield _gauge(table.LABEL_VERSION, _pairs(self._labels))
        yield _counter(table.SWAPS, _pairs(added(worker.swaps for worker in self._workers)))
        yield _info(table.BUILD, [(__version__,)])
        yield from _processes(self._workers)


def encode(collector: ServerCollector, accept: str) -> tuple[bytes, str]:
    """Return a scrape in the format that is asked for, text or OpenMetrics, and its content type."""
    encoder, content_type = choose_encoder(accept)
    registry = CollectorRegistry()
    registry.register(collector)
    return encoder(registry), content_type


def _requests(versions: Iterable[VersionStatistics]) -> Iterator[Family]:
    split = [
        ((protocol, *_of(one)), requests) for one in versions for protocol, requests in one.requests.items()
    ]
    ended = _histogram(table.REQUEST_SECONDS)
    for labels, requests in split:
        _fill(ended, (*labels, DONE), requests.success.seconds)
        for reason, times in requests.failures.items():
            _fill(ended, (*labels, reason), times.seconds)
    yield ended
    queue, compute = _histogram(table.QUEUE_SECONDS), _histogram(table.COMPUTE_SECONDS)
    for labels, requests in split:
        _fill(queue, labels, requests.queue.seconds)
        _fill(compute, labels, requests.compute_infer.seconds)
    yield from (queue, compute)
    yield _counter(table.DECODE_SECONDS, ((labels, _s(one.compute_input)) for labels, one in split))
    yield _counter(table.ENCODE_SECONDS, ((labels, _s(one.compute_output)) for labels, one in split))
    yield _counter(table.REQUEST_ROWS, ((labels, one.rows) for labels, one in split))


def _batches(versions: Sequence[VersionStatistics]) -> Iterator[Family]:
    rows, seconds = _histogram(table.BATCH_ROWS), _histogram(table.BATCH_SECONDS)
    for one in versions:
        _fill(rows, _of(one), one.batch_rows)
        _fill(seconds, _of(one), one.compute_s)
    yield from (rows, seconds)
    yield _counter(table.BATCHES_FAILED, ((_of(one), one.failed_batches.count) for one in versions))
    yield _counter(table.ROWS_FAILED, ((_of(one), one.failed_rows) for one in versions))
    yield _gauge(table.ROWS_IN_FLIGHT, ((_of(one), one.rows_in_flight) for one in versions))
    yield _gauge(table.LAST_BATCH, ((_of(one), one.last_inference_ms / 1000) for one in versions))


def _evaluations(versions: Sequence[VersionStatistics]) -> Iterator[Family]:
    metric = table.EVALUATION_SECONDS
    ended = SummaryMetricFamily(metric.name, metric.help, labels=metric.labels)
    for one in versions:
        for outcome, spent in {DONE: Duration(), **one.evaluations}.items():
            ended.add_metric((*_of(one), outcome), spent.count, _s(spent))
    yield ended
    yield _counter(table.EVALUATION_ROWS, ((_of(one), one.evaluated_rows) for one in versions))


def _states(workers: Iterable[WorkerStatistics]) -> Iterator[Labelled]:
    counted: dict[tuple[str, int], dict[str, int]] = {}
    for worker in workers:
        for model, versions in worker.states.items():
            for version, state in versions.items():
                states = counted.setdefault((model, version), dict.fromkeys(State, 0))
                states[state] += 1
    for (model, version), states in sorted(counted.items()):
        for state, count in states.items():
            yield (model, str(version), str(state)), count


def _loaded(served: Sequence[ServedVersion]) -> Iterator[Family]:
    yield _info(
        table.VERSION,
        [(*_of(one), one.loaded.engine.name, one.loaded.summary.source_format) for one in served],
    )
    compared = [(_of(one), one.loaded.summary.parity) for one in served]
    parities = [(labels, parity) for labels, parity in compared if parity is not None]
    yield _gauge(table.PARITY_ERROR, ((labels, one.max_abs_difference) for labels, one in parities))
    yield _gauge(table.PARITY_TOLERANCE, ((labels, one.tolerance) for labels, one in parities))


def _processes(workers: Iterable[WorkerStatistics]) -> Iterator[Family]:
    read = ((worker.number, processes.read(worker.pid)) for worker in workers)
    found = [((str(number),), process) for number, process in sorted(read) if process is not None]
    yield _gauge(table.WORKERS, [((), len(found) or 1)])  # this one at least: nothing is known beside Linux
    yield _counter(table.CPU_SECONDS, ((labels, one.cpu_s) for labels, one in found))
    yield _gauge(table.MEMORY_BYTES, ((labels, one.resident_bytes) for labels, one in found))
    yield _gauge(table.OPEN_FILES, ((labels, one.open_files) for labels, one in found))
    yield _gauge(table.THREADS, ((labels, one.threads) for labels, one in found))
    yield _gauge(table.STARTED, ((labels, one.started_s) for labels, one in found))


def _of(one: VersionStatistics | ServedVersion) -> tuple[str, str]:
    return one.model, str(one.version)


def _s(duration: Duration) -> float:
    return duration.ns / 1e9


def _pairs(counts: dict[str, dict[str, int]]) -> Iterator[Labelled]:
    for first, inner in sorted(counts.items()):
        for second, count in sorted(inner.items()):
            yield (first, second), count


def _counter(metric: Metric, values: Iterable[Labelled]) -> Family:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _gauge(metric: Metric, values: Iterable[Labelled]) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _info(metric: Metric, labels: Iterable[Sequence[str]]) -> Family:
    family = InfoMetricFamily(metric.name, metric.help, labels=metric.labels)
    for one in labels:
        family.add_metric(one, {})
    return family


def _histogram(metric: Metric) -> HistogramMetricFamily:
    return HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)


def _fill(family: HistogramMetricFamily, labels: Sequence[str], histogram: Histogram) -> None:
    bounds = [*(f"{bound:g}" if bound < 1 else str(bound) for bound in histogram.bounds), "+Inf"]
    buckets = list(zip(bounds, map(float, histogram.cumulative), strict=True))
    family.add_metric(labels, buckets, histogram.sum)
