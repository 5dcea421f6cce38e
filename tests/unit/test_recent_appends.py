"""What a store remembers of its own appends, for its own readers of the feed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async import NewEvent, RecordedEvent, Settings
from event_store_async.cassandra.append.plan import append_plan
from event_store_async.cassandra.driver.port import Row
from event_store_async.cassandra.feed import recent
from event_store_async.cassandra.feed.recent import RecentAppends
from event_store_async.cassandra.read.rows import RowDecoder
from event_store_async.codec import JsonCodec
from event_store_async.encoding import encode_events

STREAM, OTHER = UUID(int=1), UUID(int=2)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def noted(appends: RecentAppends, stream_id: UUID, expected: int, payloads: list[Any]) -> None:
    statements: Any = None
    events = [NewEvent(payload, "a type", {"by": "a test"}) for payload in payloads]
    encoded = encode_events(events, JsonCodec(), Settings())
    appends.note(append_plan(statements, stream_id, expected, encoded, MOMENT, expected))


def found(appends: RecentAppends, first: int, last: int) -> list[Any] | None:
    rows = appends.find(STREAM, first, last)
    return None if rows is None else [(event.version, event.payload) for event in decoded(rows)]


def decoded(rows: list[Row]) -> list[RecordedEvent[Any]]:
    events, error = RowDecoder(JsonCodec()).decode(STREAM, rows)
    assert error is None
    return events


@pytest.fixture
def appends() -> RecentAppends:
    return RecentAppends()


def test_events_of_several_appends_are_found_together(appends: RecentAppends) -> None:
    noted(appends, STREAM, 0, ["a", "b"])
    noted(appends, OTHER, 2, ["of another stream"])
    noted(appends, STREAM, 2, ["c"])

    assert found(appends, 1, 3) == [(1, "a"), (2, "b"), (3, "c")]
    assert found(appends, 1, 1) == [(1, "a")]
    assert found(appends, 3, 3) == [(3, "c")]
    (event,) = decoded(appends.find(STREAM, 3, 3) or [])
    assert (event.type, event.metadata, event.timestamp) == ("a type", {"by": "a test"}, MOMENT)


def test_what_is_not_known_whole_is_not_found(appends: RecentAppends) -> None:
    noted(appends, STREAM, 0, ["a", "b"])
    noted(appends, STREAM, 3, ["d"])

    assert found(appends, 1, 3) is None, "3 was appended by another store"
    assert found(appends, 2, 2) is None, "in the middle of an append"
    assert found(appends, 4, 5) is None


@pytest.mark.parametrize(("bound", "most"), [("_MOST_EVENTS", 3), ("_MOST_BYTES", 60)])
def test_the_oldest_are_forgotten(
    appends: RecentAppends, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(recent, bound, most)
    for version in range(10):
        noted(appends, STREAM, version, [version])

    kept = [version for version in range(1, 11) if found(appends, version, version) is not None]
    assert kept == [8, 9, 10]


def test_an_append_larger_than_all_is_not_kept(
    appends: RecentAppends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "_MOST_EVENTS", 3)
    noted(appends, STREAM, 0, list(range(4)))

    assert found(appends, 1, 4) is None
    noted(appends, STREAM, 4, ["next"])
    assert found(appends, 5, 5) == [(5, "next")]


def test_what_cannot_be_decoded_is_broken_for_the_reader(appends: RecentAppends) -> None:
    noted(appends, STREAM, 0, ["a", "b"])
    (good, bad) = appends.find(STREAM, 1, 2) or []

    events, error = RowDecoder(JsonCodec()).decode(STREAM, [good, (bad[0], b"{", *bad[2:])])

    assert [event.payload for event in events] == ["a"]
    assert error is not None
    assert (error.version, error.content_type) == (2, "application/json")


def test_an_append_is_recent_for_some_seconds() -> None:
    now = 100.0
    appends = RecentAppends(lambda: now)
    noted(appends, STREAM, 0, ["a"])
    now += 9.0
    noted(appends, STREAM, 1, ["b"])

    assert found(appends, 1, 2) == [(1, "a"), (2, "b")]
    now += 2.0
    assert found(appends, 1, 2) is None
    assert found(appends, 2, 2) == [(2, "b")]
    assert appends.delivered == 3


def test_an_append_that_is_noted_again_is_counted_once(
    appends: RecentAppends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "_MOST_EVENTS", 2)
    noted(appends, OTHER, 0, ["other"])
    for payload in ("a", "b", "c"):
        noted(appends, STREAM, 0, [payload])

    assert found(appends, 1, 1) == [(1, "c")]
    assert appends.find(OTHER, 1, 1) is not None
