"""
Telemetry: ready-made hooks, an adapter for each library that shows what a store does.

    from event_store_async import EventStore, Settings
    from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
    from event_store_async.telemetry.prometheus import PrometheusHook
    from event_store_async.telemetry.logs import LogHook

Each is a hook of its own (`event_store_async.hooks`), given to a store by ``Settings(hooks=(…,))``.
OpenTelemetry needs the extra ``opentelemetry``, Prometheus the extra ``prometheus``; logs are the
standard library's. Both kinds of metrics have the same names, so one dashboard serves either.
"""
