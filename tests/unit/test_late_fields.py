"""Late fields: ids, positions and the events of a page are made on demand, and nobody can tell."""

import copy
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import FrozenInstanceError, asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import RecordedEvent
from event_store_async.events import recorded_events, with_payload
from event_store_async.feeds import BrokenEvent, FeedEvent, FeedPage, Position
from event_store_async.feeds.page import (
    LateEvents,
    count_of,
    in_place_of,
    late_page,
    placed_events,
    portions_of,
)

STREAM, FEED, EVENT_ID = uuid4(), uuid4(), uuid4()
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = (7, {"a": 1}, MOMENT, str(EVENT_ID), "opened", None)


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


ALIKE = (repr, asdict, copy.copy, copy.deepcopy, pickled)
"""How any value is seen, made late or not."""


class Portions(LateEvents):
    """The events of a page in portions of two."""

    def __init__(self, *events: FeedEvent[Any]) -> None:
        self._events = events
        self.times = 0

    def __len__(self) -> int:
        return len(self._events)

    def portions(self) -> Iterator[Sequence[FeedEvent[Any] | BrokenEvent]]:
        self.times += 1
        for at in range(0, len(self._events), 2):
            yield self._events[at : at + 2]


def pages() -> tuple[FeedPage[Any], FeedPage[Any]]:
    """Return a page as it is read, and its equal that was made by its constructor."""
    _, (_, event) = read()
    end = Position(FEED, 3, 17, 27)
    return late_page(Portions(event, event, event), end, end), FeedPage((event,) * 3, end, end)


def read() -> list[tuple[Any, Any]]:
    """Return events as they are read, each with its equal that was made by its constructor."""
    (recorded,) = recorded_events([(STREAM, *FIELDS)])
    made = RecordedEvent(STREAM, 7, {"a": 1}, MOMENT, EVENT_ID, "opened")
    (placed,) = placed_events(STREAM, (FEED, 3, 10, 20), "account", [FIELDS])
    position = Position(FEED, 3, 17, 27)
    return [(recorded, made), (placed, FeedEvent.of(made, position, "account"))]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    "seen",
    [
        *ALIKE,
        lambda event: replace(event, version=8),
        lambda event: with_payload(event, 5, None),
        lambda event: (event.event_id, event.event_id),
        lambda event: getattr(event, "position", None),
        lambda event: event,
    ],
)
def test_an_event_as_it_is_read_is_like_one_that_was_constructed(number: int, seen: Any) -> None:
    event, made = read()[number]

    assert type(event) is type(made)
    assert seen(event) == seen(made)
    assert seen(event) == seen(event)


@pytest.mark.parametrize("number", [0, 1])
def test_a_late_field_is_made_once(number: int) -> None:
    event, _ = read()[number]

    assert event.event_id is event.event_id
    assert type(event.event_id) is UUID
    if number:
        assert event.position is event.position


@pytest.mark.parametrize(
    "seen",
    [
        *ALIKE,
        lambda page: replace(page, head=page.head),
        lambda page: (page.events, page.caught_up, hash(page.position)),
        count_of,
        lambda page: [event for portion in portions_of(page) for event in portion],
        lambda page: page,
    ],
)
def test_a_page_as_it_is_read_is_like_one_that_was_constructed(seen: Any) -> None:
    page, made = pages()

    assert type(page) is type(made)
    assert seen(page) == seen(made)
    assert page == made


def test_the_events_of_a_page_are_made_when_they_are_handed_out() -> None:
    _, (_, event) = read()
    late, end = Portions(event, event, event), Position(FEED, 3, 17, 27)
    page = late_page(late, end, end)

    assert (count_of(page), late.times) == (3, 0)
    assert [len(portion) for portion in portions_of(page)] == [2, 1]
    assert page.events is page.events
    assert (count_of(page), late.times) == (3, 2)
    assert [len(portion) for portion in portions_of(page)] == [3]


def test_events_of_one_link_have_places_of_their_own() -> None:
    fields: list[Any] = [(at, {}, MOMENT, None, None, None) for at in (1, 2)]
    events = placed_events(STREAM, (FEED, 3, 10, 20), None, fields)

    assert [event.position for event in events] == [
        Position(FEED, 3, 11, 21),
        Position(FEED, 3, 12, 22),
    ]
    assert [event.event_id for event in events] == [None, None]


def test_another_event_takes_the_place_of_an_event() -> None:
    _, (event, made) = read()

    other = in_place_of(event, with_payload(event, 5, None))

    assert other == replace(made, payload=5)


@pytest.mark.parametrize("given", ["not an id", str(EVENT_ID)])
def test_what_a_caller_gives_stays_as_it_is(given: Any) -> None:
    assert RecordedEvent(STREAM, 1, {}, MOMENT, given).event_id is given


@pytest.mark.parametrize("name", ["event_id", "position"])
def test_a_late_field_cannot_be_assigned_to(name: str) -> None:
    for event in read()[1]:
        with pytest.raises(FrozenInstanceError):
            setattr(event, name, None)


@pytest.mark.parametrize("slots", [False, True])
def test_a_late_field_is_no_default_of_a_field_that_is_declared_anew(slots: bool) -> None:
    declared: Any = dataclass

    @declared(frozen=True, slots=slots)
    class Identified(RecordedEvent[Any]):
        event_id: UUID

    construct: Any = Identified
    with pytest.raises(TypeError, match="event_id"):
        construct(STREAM, 7, {"a": 1}, MOMENT)
    assert construct(STREAM, 7, {"a": 1}, MOMENT, EVENT_ID).event_id == EVENT_ID
