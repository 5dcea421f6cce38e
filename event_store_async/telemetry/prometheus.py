"""
Prometheus: a hook that keeps metrics with prometheus-client. It needs the extra ``prometheus``.

Records are added to histograms and counters as they arrive; a store's statistics, and those of its
driver, are read when the metrics are collected. In prometheus-client's multiprocess mode they are
read every few seconds instead, and gauges have the label ``pid``.
"""

from collections.abc import Iterable

from ..extras import install_hint

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"prometheus-client is not installed; {install_hint('prometheus')}", name=error.name
    ) from error

from ..checks import check_instance
from ..hooks import Record
from .instruments import INSTRUMENTS, Instrument
from .measurements import Gauges, Observable, measurements
from .sampler import Sampler, multiprocess_folder

__all__ = ["PrometheusHook"]


class PrometheusHook:
    """
    Keeps the metrics of stores in a registry of prometheus-client.

    One hook serves any number of stores, of any tables. A registry takes one such hook.

    Args:
        registry: Where the metrics are registered; prometheus-client's own registry by default.

    Raises:
        InvalidArgument: *registry* is not a registry of prometheus-client.
        ValueError: the registry already has metrics with these names.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        check_instance("registry", registry, CollectorRegistry, "a CollectorRegistry")
        self._metrics = {
            instrument.key: _metric(instrument, registry)
            for instrument in INSTRUMENTS
            if not instrument.observed
        }
        self._children: dict[tuple[str, tuple[str, ...]], Counter | Histogram] = {}
        self._gauges = Gauges()
        folder = multiprocess_folder()
        self._sampler = None if folder is None else Sampler(self._gauges, registry, folder)
        if self._sampler is None:
            registry.register(_Observing(self._gauges))

    def __call__(self, record: Record, /) -> None:
        """Add a record to the metrics; raises `InvalidArgument` for anything else."""
        for instrument, value, labels in measurements(record):
            key = instrument.key, labels
            child = self._children.get(key) or self._child(instrument, labels)
            if isinstance(child, Histogram):
                child.observe(value)
            else:
                child.inc(value)

    def _child(self, instrument: Instrument, labels: tuple[str, ...]) -> Counter | Histogram:
        metric = self._metrics[instrument.key]
        for value in instrument.known_values:
            metric.labels(*labels[:-1], value)
        child = self._children[instrument.key, labels] = metric.labels(*labels)
        return child

    def observe(self, store: Observable) -> None:
        """
        Read the statistics of a store whenever metrics are collected, as long as it lives.

        Those of a subscription likewise: how far its slices are behind.

        In multiprocess mode they are read in a thread, every five seconds: the process that answers
        Prometheus cannot ask the stores of the others. Call it in each process, after the fork.

        Raises:
            InvalidArgument: *store* has no statistics.
        """
        self._gauges.add(store)
        if self._sampler is not None:
            self._sampler.start()


class _Observing(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[Metric]:
        """Name the metrics; without this the registry would collect them when it registers."""
        return [_family(instrument) for instrument in INSTRUMENTS if instrument.observed]

    def collect(self) -> Iterable[Metric]:
        """Read the statistics of the stores."""
        families = {instrument.key: _family(instrument) for instrument in INSTRUMENTS}
        shown = set()
        for instrument, value, labels in self._gauges.read():
            families[instrument.key].add_metric(labels, value)
            shown.add(instrument.key)
        return [families[key] for key in families if key in shown]


def _metric(instrument: Instrument, registry: CollectorRegistry) -> Counter | Histogram:
    name, labels = instrument.prometheus_name, instrument.prometheus_labels
    if instrument.kind == "counter":
        return Counter(name, instrument.description, labels, registry=registry)
    return Histogram(
        name, instrument.description, labels, registry=registry, buckets=instrument.buckets
    )


def _family(instrument: Instrument) -> CounterMetricFamily | GaugeMetricFamily:
    family = CounterMetricFamily if instrument.kind == "counter" else GaugeMetricFamily
    return family(
        instrument.prometheus_name, instrument.description, labels=instrument.prometheus_labels
    )
