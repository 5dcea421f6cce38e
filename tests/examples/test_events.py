"""The events that the demo makes from a flight, and their order."""

from typing import Any

import pytest

from event_store_async import NewEvent
from examples.flights.events import events_of, scheduled
from examples.flights.logbook import Logbook, OutOfTurn

from .flights import NEVER_ARRIVED, NEVER_LEFT, flight, recorded


def facts_of(events: list[NewEvent]) -> list[tuple[str | None, Any]]:
    return [(event.type, event.payload) for event in events]


FLIGHT = {"flight": "2013-01-01 UA1545 EWR"}
SCHEDULED = (
    "flight-scheduled",
    FLIGHT
    | {
        "origin": "EWR",
        "destination": "IAH",
        "due_out": "2013-01-01T10:15:00+00:00",
        "due_in": "08:19",
        "distance": 1400,
    },
)
DEPARTED = ("flight-departed", FLIGHT | {"at": "2013-01-01T10:17:00+00:00", "delay": 2})


def test_a_flight_that_arrives() -> None:
    arrived = ("flight-arrived", FLIGHT | {"at": "08:30", "delay": 11, "air_time": 227})

    assert facts_of(events_of(flight())) == [SCHEDULED, DEPARTED, arrived]


def test_a_flight_that_arrives_with_no_delay_known() -> None:
    unknown = flight(arr_delay="NA", air_time="NA")
    arrived = ("flight-arrived", FLIGHT | {"at": "08:30", "delay": None, "air_time": None})

    assert facts_of(events_of(unknown)) == [SCHEDULED, DEPARTED, arrived]


def test_a_flight_that_is_cancelled() -> None:
    assert facts_of(events_of(flight(**NEVER_LEFT))) == [SCHEDULED, ("flight-cancelled", FLIGHT)]


def test_a_flight_that_leaves_and_does_not_arrive() -> None:
    not_arrived = ("flight-not-arrived", FLIGHT)

    assert facts_of(events_of(flight(**NEVER_ARRIVED))) == [SCHEDULED, DEPARTED, not_arrived]


def test_the_same_facts_make_the_same_event() -> None:
    events = events_of(flight())
    others = events_of(flight(flight="1546"))

    assert events == events_of(flight())
    assert len({event.event_id for event in events + others}) == 6


def test_a_logbook_knows_what_is_still_due() -> None:
    stream = recorded(events_of(flight()))
    logbook = Logbook(stream[0].stream_id)

    assert logbook.still_due([scheduled(flight())]) == [scheduled(flight())]
    logbook.follow(stream[:2])
    assert logbook.version == 2
    assert logbook.still_due([scheduled(flight())]) == []
    assert logbook.still_due(events_of(flight())) == events_of(flight())[2:]


@pytest.mark.parametrize(
    ("so_far", "next_one", "message"),
    [
        (0, 1, "flight-departed after nothing"),
        (1, 2, "flight-arrived after flight-scheduled"),
        (3, 3, "flight-cancelled after flight-arrived"),
    ],
)
def test_a_logbook_refuses_events_out_of_turn(so_far: int, next_one: int, message: str) -> None:
    events = [*events_of(flight()), events_of(flight(**NEVER_LEFT))[1]]
    stream = recorded(events)
    logbook = Logbook(stream[0].stream_id)
    logbook.follow(stream[:so_far])

    with pytest.raises(OutOfTurn, match=message):
        logbook.still_due([events[next_one]])
