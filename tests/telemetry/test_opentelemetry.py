"""The OpenTelemetry adapter: spans and metrics by the conventions for databases."""

from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.semconv.attributes import db_attributes, error_attributes
from opentelemetry.semconv.metrics import db_metrics
from opentelemetry.trace import Span, SpanKind, StatusCode

from event_store_async import ANY, NewEvent
from event_store_async.hooks import HandlingBegun
from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
from event_store_async.testing import given_events

from . import records
from .exporters import Exported, attributes


def test_an_append_is_a_span_with_its_times(exported: Exported) -> None:
    exported.opentelemetry(records.append())

    (span,) = exported.spans
    assert (span.name, span.kind, span.status.status_code) == (
        "append events",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert (span.start_time, span.end_time) == (1_700_000_000 * 10**9, 1_700_000_001 * 10**9)
    assert attributes(span) == {
        "db.system.name": "cassandra",
        "db.namespace": "bank",
        "db.collection.name": "events",
        "db.operation.name": "append",
        "db.query.summary": "append events",
        "event_store.stream_id": str(records.STREAM),
        "event_store.outcome": "stored",
        "event_store.expected_version": "3",
        "event_store.version": 5,
        "event_store.events": 2,
        "event_store.bytes": 300,
        "event_store.queue.depth": 4,
        "event_store.queue.wait": 0.125,
        "event_store.attempts": 1,
    }


def test_attempts_are_events_of_their_span(exported: Exported) -> None:
    lost = records.attempt(outcome="unknown", fault="CassErrorServerWriteTimeout")
    exported.opentelemetry(records.append(attempts=(lost, records.attempt(number=2))))

    first, second = exported.spans[0].events
    assert (first.name, first.timestamp) == ("event_store.attempt", 1_700_000_000_750_000_000)
    assert dict(first.attributes or {}) == {
        "event_store.outcome": "unknown",
        "event_store.attempt.number": 1,
        "event_store.attempt.duration": 0.25,
        "event_store.batch.appends": 1,
        "event_store.batch.bytes": 300,
        "error.type": "CassErrorServerWriteTimeout",
    }
    assert dict(second.attributes or {})["event_store.attempt.number"] == 2


def test_an_expected_version_that_is_not_a_number_is_a_word(exported: Exported) -> None:
    exported.opentelemetry(records.append(expected_version=ANY))

    assert attributes(exported.spans[0])["event_store.expected_version"] == "ANY"


def test_a_read_is_a_span(exported: Exported) -> None:
    exported.opentelemetry(records.read())

    (span,) = exported.spans
    assert (span.name, span.kind) == ("read events", SpanKind.CLIENT)
    assert attributes(span)["event_store.pages"] == 1
    assert attributes(span)["event_store.events"] == 10


def test_a_list_is_a_span(exported: Exported) -> None:
    exported.opentelemetry(records.listing(outcome="unavailable", error="StoreUnavailable"))

    (span,) = exported.spans
    assert (span.name, span.status.status_code) == ("list events", StatusCode.ERROR)
    assert attributes(span) == {
        "db.system.name": "cassandra",
        "db.namespace": "bank",
        "db.collection.name": "events",
        "db.operation.name": "list",
        "db.query.summary": "list events",
        "event_store.outcome": "unavailable",
        "event_store.streams": 7,
        "error.type": "StoreUnavailable",
    }


def test_a_call_for_keys_is_a_span_without_the_subject(exported: Exported) -> None:
    exported.opentelemetry(records.keys(operation="forget", subjects=1, subject="customer-17"))
    exported.opentelemetry(records.keys(outcome="unusable", error="InvalidKey"))
    done, failed = exported.spans

    assert (done.name, done.status.status_code) == ("forget_keys subject_keys", StatusCode.UNSET)
    assert done.attributes is not None
    assert done.attributes["event_store.subjects"] == 1
    assert "customer-17" not in str(dict(done.attributes))
    assert failed.status.status_code is StatusCode.ERROR


def test_a_call_on_a_snapshot_is_a_span(exported: Exported) -> None:
    exported.opentelemetry(records.snapshot())
    exported.opentelemetry(
        records.snapshot(operation="reject", outcome="rejected", reason="it is above the head")
    )

    found, rejected = exported.spans
    assert (found.name, found.status.status_code) == ("load_snapshot events", StatusCode.UNSET)
    assert attributes(found)["event_store.snapshot.kind"] == "account/1"
    assert attributes(found)["event_store.version"] == 200
    assert (rejected.name, rejected.status.status_code) == (
        "reject_snapshot events",
        StatusCode.ERROR,
    )
    assert attributes(rejected)["event_store.reason"] == "it is above the head"


def test_its_parent_is_the_span_that_is_current_for_the_caller(exported: Exported) -> None:
    tracer = exported.tracer_provider.get_tracer("application")

    with tracer.start_as_current_span("request") as request:
        exported.opentelemetry(records.append())

    span = next(span for span in exported.spans if span.name == "append events")
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id


@pytest.mark.parametrize("outcome", ["stored", "stored_earlier", "conflict", "cancelled"])
def test_an_ordinary_outcome_is_not_an_error(exported: Exported, outcome: str) -> None:
    exported.opentelemetry(records.append(outcome=outcome, error="SomeClass"))

    (span,) = exported.spans
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in attributes(span)
    assert exported.point(db_metrics.DB_CLIENT_OPERATION_DURATION, error_type="SomeClass") is None


@pytest.mark.parametrize(
    "record",
    [
        records.append(outcome="unknown", error="AppendOutcomeUnknown", version=None),
        records.read(outcome="hole", error="StreamHole"),
    ],
    ids=["append", "read"],
)
def test_a_failure_is_an_error(exported: Exported, record: Any) -> None:
    exported.opentelemetry(record)

    (span,) = exported.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)[error_attributes.ERROR_TYPE] == record.error


def test_the_conventions_metric_measures_appends_and_pages(exported: Exported) -> None:
    exported.opentelemetry(records.append())
    exported.opentelemetry(records.append(outcome="unavailable", error="StoreUnavailable"))
    exported.opentelemetry(records.append(outcome="invalid", error="InvalidEvent", attempts=()))
    exported.opentelemetry(records.page())

    common = {
        (db_attributes.DB_SYSTEM_NAME, "cassandra"),
        (db_attributes.DB_NAMESPACE, "bank"),
        (db_attributes.DB_COLLECTION_NAME, "events"),
    }
    append, page = (
        frozenset({*common, (db_attributes.DB_OPERATION_NAME, name)})
        for name in ("append", "read_page")
    )
    assert exported.points(db_metrics.DB_CLIENT_OPERATION_DURATION) == {
        append: 1,
        append | {(error_attributes.ERROR_TYPE, "StoreUnavailable")}: 1,
        page: 1,
    }


def test_without_an_sdk_spans_are_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Span] = []
    tracer = trace.NoOpTracerProvider().get_tracer("none")
    start = tracer.start_span

    def keep(*args: Any, **options: Any) -> Span:
        made.append(start(*args, **options))
        return made[-1]

    monkeypatch.setattr(tracer, "start_span", keep)
    monkeypatch.setattr(trace, "get_tracer", lambda *_: tracer)
    hook = OpenTelemetryHook(meter_provider=metrics.NoOpMeterProvider())

    hook(records.append())
    hook(records.read())

    assert [span.is_recording() for span in made] == [False, False]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def begun(*correlation_ids: object) -> HandlingBegun:
    """Return what begins when events with these correlation ids are handed to a handler."""
    events: list[NewEvent[Any]] = [
        NewEvent({}, "withdrawn", {"correlation_id": each}) for each in correlation_ids
    ]
    return HandlingBegun(records.BANK, "mails", 3, records.STARTED, given_events(*events))


def test_a_handler_is_in_a_span_with_what_became_of_the_event(exported: Exported) -> None:
    tracer = exported.tracer_provider.get_tracer("application")
    with tracer.start_as_current_span("run"):  # noqa: SIM117 - one is around the other
        with exported.opentelemetry.around_handler(begun("none")):
            with tracer.start_as_current_span("send"):
                pass
            exported.opentelemetry(records.handled(outcome="parked", error="ValueError"))

    spans = {span.name: span for span in exported.spans}
    handle, send = spans["handle mails"], spans["send"]
    assert (handle.kind, handle.parent, handle.links) == (SpanKind.CONSUMER, None, ())
    assert send.parent == handle.context
    assert handle.status.status_code is StatusCode.ERROR
    found = attributes(handle)
    assert (found["event_store.outcome"], found["event_store.attempts"]) == ("parked", 1)
    assert (found["event_store.subscription"], found["event_store.slice"]) == ("mails", 3)
    assert found["error.type"] == "ValueError"


@pytest.mark.parametrize("outcome", ["handled", "replayed", "cancelled"])
def test_what_is_handled_is_no_error(exported: Exported, outcome: str) -> None:
    with exported.opentelemetry.around_handler(begun("none")):
        exported.opentelemetry(records.handled(outcome=outcome))

    assert exported.spans[0].status.status_code is StatusCode.UNSET


def test_a_page_is_one_span(exported: Exported) -> None:
    with exported.opentelemetry.around_handler(begun(TRACE, TRACE, None)):
        exported.opentelemetry(records.applied(outcome="failed", error="ValueError"))

    (span,) = exported.spans
    assert attributes(span)["event_store.events"] == 3
    assert "event_store.stream_id" not in attributes(span)
    assert span.status.status_code is StatusCode.ERROR
    assert len(span.links) == 1


@pytest.mark.parametrize(
    ("correlation_id", "span_id"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", 0x00F067AA0BA902B7),
        (TRACE, None),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", None),
    ],
)
def test_a_span_is_linked_to_the_trace_that_the_correlation_id_names(
    exported: Exported, correlation_id: str, span_id: int | None
) -> None:
    with exported.opentelemetry.around_handler(begun(correlation_id)):
        pass

    (link,) = exported.spans[0].links
    assert f"{link.context.trace_id:032x}" == TRACE
    assert span_id is None or link.context.span_id == span_id


@pytest.mark.parametrize("correlation_id", ["order 7", "", None, 7, "0" * 32, f"00-{TRACE}-x-01"])
def test_other_correlation_ids_lead_nowhere(exported: Exported, correlation_id: object) -> None:
    with exported.opentelemetry.around_handler(begun(correlation_id)):
        pass

    assert exported.spans[0].links == ()


def test_a_span_has_no_more_links_than_it_may_have(exported: Exported) -> None:
    with exported.opentelemetry.around_handler(
        begun(*[f"{number:032x}" for number in range(1, 400)])
    ):
        pass

    assert len(exported.spans[0].links) == 128
    assert exported.spans[0].dropped_links == 0
