"""Both adapters with exporters in memory, and helpers to look at what they export."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, MetricsData
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
from event_store_async.telemetry.prometheus import PrometheusHook

Point = tuple[str, frozenset[tuple[str, Any]]]


class Exported:
    """Both adapters, each with an exporter in memory; ``hooks`` is for a store's settings."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider([self._reader])
        self.opentelemetry = OpenTelemetryHook(self.tracer_provider, self.meter_provider)
        self.registry = CollectorRegistry()
        self.prometheus = PrometheusHook(self.registry)
        self.hooks = (self.opentelemetry, self.prometheus)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    def points(self, name: str) -> dict[frozenset[tuple[str, Any]], float]:
        """Return the points of an OpenTelemetry metric: counts of a histogram, values of others."""
        data = self._reader.get_metrics_data()
        return {
            frozenset((point.attributes or {}).items()): (
                point.count if isinstance(point, HistogramDataPoint) else point.value
            )
            for metric in all_metrics(data)
            if metric.name == name
            for point in metric.data.data_points
        }

    def point(self, name: str, **labels: str) -> float | None:
        """Return the point with these attributes, which have underscores for dots."""
        for attributes, value in self.points(name).items():
            underscored = {key.replace(".", "_"): word for key, word in attributes}
            if labels.items() <= underscored.items():
                return value
        return None

    def total(self, name: str) -> float:
        """Return the sum of a histogram of OpenTelemetry, over all labels."""
        data = self._reader.get_metrics_data()
        sums: list[float] = [
            point.sum
            for metric in all_metrics(data)
            if metric.name == name
            for point in metric.data.data_points
        ]
        return sum(sums)

    def sample(self, name: str, **labels: str) -> float | None:
        """Return the value of a Prometheus sample with these labels, of any table."""
        for metric in self.registry.collect():
            for sample in metric.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None


def all_metrics(data: MetricsData | None) -> list[Any]:
    if data is None:
        return []
    return [
        metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    ]


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    return dict(span.attributes or {})
