"""The demo's events of a flight, and the order in which they may be recorded."""

from typing import Any

import pytest

from event_store_async import NewEvent
from examples.flights.events import events_of, scheduled
from examples.flights.logbook import Logbook, OutOfOrder

from .flights import NEVER_ARRIVED, NEVER_LEFT, flight, recorded


def facts(events: list[NewEvent]) -> list[tuple[str | None, Any]]:
    return [(event.type, event.payload) for event in events]


FLIGHT = {"flight": "2013-01-01 UA1545 EWR"}
SCHEDULED = (
    "flight-scheduled",
    FLIGHT
    | {
        "origin": "EWR",
        "destination": "IAH",
        "scheduled_departure": "2013-01-01T10:15:00+00:00",
        "scheduled_arrival": "08:19",
        "distance": 1400,
    },
)
DEPARTED = ("flight-departed", FLIGHT | {"at": "2013-01-01T10:17:00+00:00", "delay": 2})


def test_a_flight_that_arrives() -> None:
    arrived = ("flight-arrived", FLIGHT | {"at": "08:30", "delay": 11, "air_time": 227})

    assert facts(events_of(flight())) == [SCHEDULED, DEPARTED, arrived]


def test_a_flight_that_arrives_with_an_unknown_delay() -> None:
    unknown = flight(arr_delay="NA", air_time="NA")
    arrived = ("flight-arrived", FLIGHT | {"at": "08:30", "delay": None, "air_time": None})

    assert facts(events_of(unknown)) == [SCHEDULED, DEPARTED, arrived]


def test_a_flight_that_is_cancelled() -> None:
    assert facts(events_of(flight(**NEVER_LEFT))) == [SCHEDULED, ("flight-cancelled", FLIGHT)]


def test_a_flight_that_leaves_and_does_not_arrive() -> None:
    not_arrived = ("flight-not-arrived", FLIGHT)

    assert facts(events_of(flight(**NEVER_ARRIVED))) == [SCHEDULED, DEPARTED, not_arrived]


def test_the_same_flight_gives_the_same_events() -> None:
    events = events_of(flight())
    others = events_of(flight(flight="1546"))

    assert events == events_of(flight())
    assert len({event.event_id for event in events + others}) == 6


def test_a_logbook_returns_the_events_not_recorded_yet() -> None:
    stream = recorded(events_of(flight()))
    logbook = Logbook(stream[0].stream_id)

    assert logbook.unrecorded([scheduled(flight())]) == [scheduled(flight())]
    logbook.apply(stream[:2])
    assert logbook.version == 2
    assert logbook.unrecorded([scheduled(flight())]) == []
    assert logbook.unrecorded(events_of(flight())) == events_of(flight())[2:]


@pytest.mark.parametrize(
    ("so_far", "next_one", "message"),
    [
        (0, 1, "flight-departed after nothing"),
        (1, 2, "flight-arrived after flight-scheduled"),
        (3, 3, "flight-cancelled after flight-arrived"),
    ],
)
def test_a_logbook_refuses_events_out_of_order(so_far: int, next_one: int, message: str) -> None:
    events = [*events_of(flight()), events_of(flight(**NEVER_LEFT))[1]]
    stream = recorded(events)
    logbook = Logbook(stream[0].stream_id)
    logbook.apply(stream[:so_far])

    with pytest.raises(OutOfOrder, match=message):
        logbook.unrecorded([events[next_one]])
