"""The adapter of the standard library's logging."""

import logging
from inspect import isfunction
from typing import Any
from uuid import UUID

import pytest

from event_store_async import STREAM_EXISTS, Position
from event_store_async.telemetry.logs import LogHook
from event_store_async.telemetry.measurements import RECORDS

from . import records


@pytest.mark.parametrize(
    ("record", "level"),
    [
        (records.append(), logging.DEBUG),
        (records.append(outcome="conflict"), logging.INFO),
        (records.append(outcome="stored_earlier"), logging.INFO),
        (records.append(outcome="unavailable"), logging.WARNING),
        (records.append(outcome="unknown"), logging.ERROR),
        (records.attempt(), logging.DEBUG),
        (records.attempt(outcome="unknown"), logging.WARNING),
        (records.page(), logging.DEBUG),
        (records.repair(), logging.WARNING),
        (records.read(), logging.DEBUG),
        (records.read(outcome="hole"), logging.ERROR),
        (records.listing(), logging.DEBUG),
        (records.listing(outcome="unavailable"), logging.WARNING),
        (records.feed_page(), logging.DEBUG),
        (records.entry(), logging.DEBUG),
        (records.lost(), logging.INFO),
        (records.round_ended(), logging.DEBUG),
        (records.found(), logging.ERROR),
        (records.held_up(), logging.ERROR),
        (records.lead(), logging.INFO),
        (records.lead(leads=False), logging.INFO),
        (records.snapshot(), logging.DEBUG),
        (records.snapshot(operation="save", outcome="saved"), logging.DEBUG),
        (records.snapshot(operation="save", outcome="outdated"), logging.DEBUG),
        (records.snapshot(operation="save", outcome="dropped"), logging.WARNING),
        (records.snapshot(operation="save", outcome="invalid"), logging.WARNING),
        (records.snapshot(outcome="missing"), logging.DEBUG),
        (records.snapshot(outcome="undecodable"), logging.WARNING),
        (records.snapshot(operation="reject", outcome="rejected"), logging.WARNING),
        (records.snapshot(operation="forget", outcome="forgotten"), logging.INFO),
        (records.handled(), logging.DEBUG),
        (records.handled(outcome="replayed"), logging.INFO),
        (records.handled(outcome="parked", error="ValueError"), logging.ERROR),
        (records.handled(outcome="parked_behind", attempts=0), logging.DEBUG),
        (records.handled(outcome="held", error="ValueError"), logging.ERROR),
        (records.handled(outcome="cancelled"), logging.INFO),
        (records.applied(), logging.DEBUG),
        (records.applied(outcome="failed", error="ValueError"), logging.WARNING),
        (records.committed(), logging.DEBUG),
        (records.committed(outcome="lost"), logging.INFO),
        (records.committed(outcome="unavailable"), logging.WARNING),
        (records.lease(), logging.INFO),
        (records.generation(), logging.INFO),
        (records.caught_up(), logging.DEBUG),
        (records.fell_behind(), logging.DEBUG),
        (records.keys(), logging.DEBUG),
        (records.keys(operation="create", outcome="forgotten"), logging.INFO),
        (records.keys(outcome="unusable", error="InvalidKey"), logging.ERROR),
        (records.keys(outcome="unavailable", error="StoreUnavailable"), logging.WARNING),
        (records.keys(operation="forget", subject="customer-17", subjects=1), logging.INFO),
        (records.keys(operation="forget", outcome="unavailable"), logging.ERROR),
    ],
)
def test_levels_depend_on_the_outcome(
    record: Any, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    LogHook()(record)

    assert [line.levelno for line in caplog.records] == [level]


def test_every_record_can_be_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = [make() for make in vars(records).values() if isfunction(make)]

    for record in made:
        LogHook()(record)

    assert {type(record) for record in made} == set(RECORDS)
    assert len(caplog.records) == len(made)


def test_the_fields_are_attributes(caplog: pytest.LogCaptureFixture) -> None:
    LogHook()(records.append(outcome="unknown", error="AppendOutcomeUnknown", version=None))

    (line,) = caplog.records
    assert line.getMessage() == (
        f"event store: append ended, unknown, stream {records.STREAM}, AppendOutcomeUnknown"
    )
    fields = {name: value for name, value in vars(line).items() if name.startswith("event_store.")}
    assert fields == {
        "event_store.system": "cassandra",
        "event_store.keyspace": "bank",
        "event_store.table": "events",
        "event_store.stream_id": str(records.STREAM),
        "event_store.started": records.STARTED,
        "event_store.duration": 1.0,
        "event_store.outcome": "unknown",
        "event_store.error": "AppendOutcomeUnknown",
        "event_store.expected_version": 3,
        "event_store.version": None,
        "event_store.events": 2,
        "event_store.bytes": 300,
        "event_store.limit": 1000,
        "event_store.queue_depth": 4,
        "event_store.queue_wait": 0.125,
        "event_store.attempts": 1,
    }


def test_what_became_of_an_event_is_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    LogHook()(records.handled(outcome="parked", attempts=5, error="ValueError"))

    (line,) = caplog.records
    assert line.getMessage() == (
        "event store: event of subscription mails, slice 3, parked, "
        f"stream {records.STREAM}, ValueError"
    )
    fields = vars(line)
    assert fields["event_store.attempts"] == 5
    assert Position.parse(fields["event_store.position"]) == records.PLACE


def test_positions_are_fields_that_can_be_read_on_from(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    LogHook()(records.feed_page())

    fields = vars(caplog.records[0])
    assert Position.parse(fields["event_store.position"]) == records.feed_page().position
    assert Position.parse(fields["event_store.head"]) == records.feed_page().head


def test_an_expected_version_that_is_not_a_number_is_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    LogHook()(records.append(outcome="unknown", expected_version=STREAM_EXISTS))

    assert vars(caplog.records[0])["event_store.expected_version"] == "STREAM_EXISTS"


def test_it_writes_to_the_logger_that_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    LogHook(logging.getLogger("mine"))(records.repair())

    assert [(line.name, line.getMessage()) for line in caplog.records] == [
        ("mine", f"event store: serial repair, stream {records.STREAM}")
    ]


class Forged(UUID):
    def __str__(self) -> str:
        return "\nERROR forged line"


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (records.append(), f"append ended, stored, stream {records.STREAM}"),
        (
            records.append(outcome="invalid", error="InvalidArgument", stream_id=None),
            "append ended, invalid, InvalidArgument",
        ),
        (
            records.attempt(outcome="unknown", fault="CassErrorServerWriteTimeout"),
            f"attempt ended, unknown, stream {records.STREAM}, CassErrorServerWriteTimeout",
        ),
        (records.page(), f"page read, stream {records.STREAM}"),
        (records.read(), f"read ended, complete, stream {records.STREAM}"),
        (records.found(), f"events found that no writer announced, stream {records.STREAM}"),
        (records.lead(), "lead of the sequencers changed"),
        (records.snapshot(), f"load snapshot, found, stream {records.STREAM}"),
        (records.keys(operation="forget"), "forget keys of subjects, done"),
        (records.page(stream_id=Forged(int=7)), f"page read, stream {records.STREAM}"),
    ],
)
def test_a_formatter_without_fields_names_the_stream(
    record: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    LogHook()(record)

    formatted = logging.Formatter("%(levelname)s %(message)s").format(caplog.records[0])
    assert formatted == f"{caplog.records[0].levelname} event store: {text}"


def test_a_disabled_level_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "event_store_async.telemetry")

    LogHook()(records.append())

    assert caplog.records == []
