"""
Telemetry: ready-made hooks, one adapter for each library that shows what a store does.

    from event_store_async import EventStore, Settings
    from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
    from event_store_async.telemetry.prometheus import PrometheusHook
    from event_store_async.telemetry.logs import LogHook

Each adapter is a hook (`event_store_async.hooks`), given to a store by ``Settings(hooks=(…,))``.
OpenTelemetry needs the extra ``opentelemetry``, Prometheus the extra ``prometheus``; logs use the
standard library. Both kinds of metrics have the same names, so one dashboard serves either.

    opentelemetry   spans and metrics
    trace_links     from events to the traces that their correlation ids name
    prometheus      metrics
    sampler         metrics of several processes, for prometheus
    logs            log lines with fields
    instruments     the metrics: their names, units, labels and buckets
    measurements    what each record, and each store, adds to the metrics
"""

from .measurements import Observable

__all__ = ["Observable"]
