"""
OpenTelemetry: a hook that makes spans and metrics. It needs the extra ``opentelemetry``.

Names follow the semantic conventions for databases: an append and a read are each one span of kind
client, and `db.client.operation.duration` measures appends and pages. Names that the conventions do
not define begin with ``event_store.``. Only the API is used: without an SDK nothing is recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from ..extras import install_hint

try:
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import (
        CallbackOptions,
        Counter,
        Histogram,
        MeterProvider,
        Observation,
    )
    from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"opentelemetry is not installed; {install_hint('opentelemetry')}", name=error.name
    ) from error

from ..checks import check_instance, check_methods
from ..feeds import FeedEvent
from ..hooks import (
    AppendEnded,
    AttemptEnded,
    ErasureEnded,
    EventHandled,
    FeedPageRead,
    HandlingBegun,
    KeyCallEnded,
    ListEnded,
    PageApplied,
    PageRead,
    ReadEnded,
    Record,
    SnapshotEnded,
    Source,
)
from .instruments import INSTRUMENTS, Instrument
from .measurements import Gauges, Observable, check_record, measurements
from .trace_links import links_of

__all__ = ["OpenTelemetryHook"]

_NAME: Final = "event_store_async"
_Ended: TypeAlias = (
    AppendEnded | ReadEnded | ListEnded | SnapshotEnded | ErasureEnded | KeyCallEnded
)
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.44.0"
_OPERATION_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
_NOT_ERRORS: Final = {
    *("stored", "stored_earlier", "conflict", "cancelled", "complete", "stopped"),
    *("found", "missing", "saved", "outdated", "forgotten", "erased"),
    *("handled", "replayed", "parked_behind", "applied", "done"),
}
"""Outcomes that are not errors: optimistic locking is meant to find conflicts."""


_HANDLING: Final[ContextVar[Span | None]] = ContextVar("event_store_handling_span", default=None)
"""The span of the event or page that is being handled."""


class OpenTelemetryHook:
    """
    Makes spans and metrics of what a store does.

    A span is created when its append or read has ended, with the times at which it began and ended;
    its parent is the caller's current span at that moment. One hook serves any number of stores.

    While a handler of a subscription handles an event or a page, a span of a trace of its own is
    current, linked to the traces that the events' correlation ids name.

    Args:
        tracer_provider: Creates the spans; the global provider by default.
        meter_provider: Records the metrics; the global provider by default.

    Raises:
        InvalidArgument: an argument is no provider.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        for name, provider, method in (
            ("tracer_provider", tracer_provider, "get_tracer"),
            ("meter_provider", meter_provider, "get_meter"),
        ):
            if provider is not None:
                check_methods(name, provider, "a provider of OpenTelemetry, or None", method)
        release = version("event_store_async")
        self._tracer = trace.get_tracer(_NAME, release, tracer_provider, _SCHEMA)
        self._meter = metrics.get_meter(_NAME, release, meter_provider, _SCHEMA)
        self._gauges = Gauges()
        self._operations = self._meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_OPERATION_SECONDS,
        )
        self._metrics: dict[str, Counter | Histogram] = {}
        for instrument in INSTRUMENTS:
            self._create(instrument)
        # The same few labels come again and again: each mapping is made once.
        self._attributes: dict[tuple[Any, ...], Mapping[str, str]] = {}

    def __call__(self, record: Record, /) -> None:
        """Turn a record into a span, metrics or both; raises `InvalidArgument` for others."""
        check_record(record)
        if isinstance(record, AppendEnded):
            self._append(record)
        elif isinstance(record, ReadEnded):
            self._read(record)
        elif isinstance(record, ListEnded):
            self._span(record, "list", {"event_store.streams": record.streams})
        elif isinstance(record, SnapshotEnded):
            self._snapshot(record)
        elif isinstance(record, ErasureEnded | KeyCallEnded):
            self._erasure_or_keys(record)
        elif isinstance(record, PageRead):
            self._operation(record.source, "read_page", None, record.duration)
        elif isinstance(record, FeedPageRead):
            self._operation(record.source, "read_feed_page", None, record.duration)
        elif isinstance(record, EventHandled | PageApplied):
            _note(record)
        for instrument, value, labels in measurements(record):
            key = instrument.key, *labels
            attributes = self._attributes.get(key)
            if attributes is None:
                attributes = dict(zip(instrument.all_labels, labels, strict=True))
                self._attributes[key] = attributes
            metric = self._metrics[instrument.key]
            if isinstance(metric, Histogram):
                metric.record(value, attributes)
            else:
                metric.add(value, attributes)

    def around_handler(self, begun: HandlingBegun, /) -> AbstractContextManager[None]:
        """
        Make a span current while a handler is at work; see `HandlerHook`.

        Raises:
            InvalidArgument: *begun* is not what a subscription gives.
        """
        check_instance("begun", begun, HandlingBegun, "a HandlingBegun")
        return self._around(begun)

    @contextmanager
    def _around(self, begun: HandlingBegun) -> Iterator[None]:
        span = self._tracer.start_span(
            f"handle {begun.subscription}",
            context.Context(),  # a root: `run` may be called in a span, which would never end
            kind=SpanKind.CONSUMER,
            start_time=_nanoseconds(begun.started),
            attributes=_handling(begun),
            links=links_of(
                event.metadata for event in begun.events if isinstance(event, FeedEvent)
            ),
        )
        handling = _HANDLING.set(span)
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        finally:
            context.detach(token)
            _HANDLING.reset(handling)
            span.end()

    def observe(self, store: Observable) -> None:
        """
        Read the statistics of a store whenever metrics are collected, as long as it lives.

        Those of a subscription likewise: how far its slices are behind.

        Raises:
            InvalidArgument: *store* has no statistics.
        """
        self._gauges.add(store)

    def _append(self, record: AppendEnded) -> None:
        if record.outcome != "invalid":
            error = None if record.outcome in _NOT_ERRORS else record.error
            self._operation(record.source, "append", error, record.duration)
        self._span(
            record,
            "append",
            {
                **_stream(record),
                "event_store.expected_version": repr(record.expected_version),
                "event_store.bytes": record.bytes,
                "event_store.queue.depth": record.queue_depth,
                "event_store.queue.wait": record.queue_wait,
                "event_store.attempts": len(record.attempts),
                **({} if record.version is None else {"event_store.version": record.version}),
            },
            record.attempts,
        )

    def _read(self, record: ReadEnded) -> None:
        self._span(
            record,
            "read",
            {
                **_stream(record),
                "event_store.pages": record.pages,
                "event_store.wait": record.waited,
                "event_store.backward": record.backward,
                "event_store.serial": record.serial,
            },
        )

    def _erasure_or_keys(self, record: ErasureEnded | KeyCallEnded) -> None:
        facts: dict[str, str | int | float] = {}
        if isinstance(record, KeyCallEnded):
            operation = f"{record.operation}_keys"
            # Not the subject: spans go to more places than logs do.
            facts["event_store.subjects"] = record.subjects
        else:
            operation = f"{record.operation}_stream"
            facts["event_store.stream_id"] = str(record.stream_id)
            if record.kept_from is not None:
                facts["event_store.kept_from"] = record.kept_from
            if record.version is not None:
                facts["event_store.version"] = record.version
        if record.outcome != "invalid":
            error = None if record.outcome in _NOT_ERRORS else record.error
            self._operation(record.source, operation, error, record.duration)
        self._span(record, operation, facts)

    def _snapshot(self, record: SnapshotEnded) -> None:
        self._span(
            record,
            f"{record.operation}_snapshot",
            {
                "event_store.stream_id": str(record.stream_id),
                "event_store.snapshot.kind": record.kind,
                "event_store.bytes": record.bytes,
                **({} if record.version is None else {"event_store.version": record.version}),
                **({} if record.reason is None else {"event_store.reason": record.reason}),
            },
        )

    def _span(
        self,
        record: _Ended,
        operation: str,
        more: Mapping[str, str | int | float],
        attempts: Iterable[AttemptEnded] = (),
    ) -> None:
        name = f"{operation} {record.source.table}".rstrip()
        span = self._tracer.start_span(
            name,
            kind=SpanKind.CLIENT,
            start_time=_nanoseconds(record.started),
            attributes={
                **_database(record.source, operation),
                "db.query.summary": name,
                "event_store.outcome": record.outcome,
                **more,
            },
        )
        for attempt in attempts if span.is_recording() else ():
            span.add_event("event_store.attempt", _attempt(attempt), _nanoseconds(_end_of(attempt)))
        if record.outcome not in _NOT_ERRORS:
            span.set_attribute("error.type", record.error or record.outcome)
            span.set_status(StatusCode.ERROR, record.outcome)
        span.end(_nanoseconds(_end_of(record)))

    def _operation(self, source: Source, name: str, error: str | None, seconds: float) -> None:
        key = source, name, error
        attributes = self._attributes.get(key)
        if attributes is None:
            attributes = {**_database(source, name), **({"error.type": error} if error else {})}
            self._attributes[key] = attributes
        self._operations.record(seconds, attributes)

    def _create(self, instrument: Instrument) -> None:
        name, unit, description = instrument.name, instrument.unit, instrument.description
        if instrument.observed:
            callbacks = [self._observing(instrument)]
            if instrument.kind == "counter":
                self._meter.create_observable_counter(name, callbacks, unit, description)
            else:
                self._meter.create_observable_gauge(name, callbacks, unit, description)
        elif instrument.kind == "counter":
            self._metrics[instrument.key] = self._meter.create_counter(name, unit, description)
        else:
            self._metrics[instrument.key] = self._meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=instrument.buckets
            )

    def _observing(
        self, instrument: Instrument
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observations(_: CallbackOptions) -> Iterable[Observation]:
            for measured, value, labels in self._gauges.read():
                if measured is instrument:
                    yield Observation(value, dict(zip(instrument.all_labels, labels, strict=True)))

        return observations


def _handling(begun: HandlingBegun) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "event_store.subscription": begun.subscription,
        "event_store.slice": begun.slice,
        "event_store.events": len(begun.events),
    }
    if len(begun.events) == 1:
        (event,) = begun.events
        attributes |= {
            "event_store.stream_id": str(event.stream_id),
            "event_store.version": event.version,
            "event_store.position": str(event.position),
        }
        if event.type is not None:
            attributes["event_store.type"] = event.type
    return attributes


def _note(record: EventHandled | PageApplied) -> None:
    """Add what became of an event or a page to its span, which is current."""
    span = _HANDLING.get()
    if span is None or not span.is_recording():
        return
    span.set_attribute("event_store.outcome", record.outcome)
    if isinstance(record, EventHandled):
        span.set_attribute("event_store.attempts", record.attempts)
    if record.outcome not in _NOT_ERRORS:
        span.set_attribute("error.type", record.error or record.outcome)
        span.set_status(StatusCode.ERROR, record.outcome)


def _database(source: Source, operation: str) -> dict[str, str]:
    return {
        "db.system.name": source.system,
        "db.namespace": source.keyspace,
        "db.collection.name": source.table,
        "db.operation.name": operation,
    }


def _stream(record: AppendEnded | ReadEnded) -> dict[str, str | int | float]:
    return {
        "event_store.stream_id": str(record.stream_id),
        "event_store.events": record.events,
    }


def _attempt(attempt: AttemptEnded) -> dict[str, str | int | float]:
    fault = {} if attempt.fault is None else {"error.type": attempt.fault}
    return {
        "event_store.outcome": attempt.outcome,
        "event_store.attempt.number": attempt.number,
        "event_store.attempt.duration": attempt.duration,
        "event_store.batch.appends": attempt.appends,
        "event_store.batch.bytes": attempt.bytes,
        **fault,
    }


def _end_of(
    record: _Ended | AttemptEnded,
) -> float:
    return record.started + record.duration


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e6) * 1000  # a float of the epoch's seconds holds no finer ones
