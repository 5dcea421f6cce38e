"""The demo's check finds every difference in forged streams."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from event_store_async import NewEvent, RecordedEvent
from examples.flights.check import by_aircraft, differences
from examples.flights.events import events_of

from .flights import NEVER_LEFT, flight, recorded

ONE = events_of(flight())
OTHER = events_of(flight(flight="1546"))
EXPECTED = ONE + OTHER
FLIGHT = {"flight": "2013-01-01 UA1545 EWR"}


def renumbered(stream: list[RecordedEvent]) -> list[RecordedEvent]:
    return [replace(event, version=number) for number, event in enumerate(stream, start=1)]


@pytest.mark.parametrize(
    "events",
    [
        EXPECTED,
        OTHER + ONE,
        [ONE[0], OTHER[0], OTHER[1], ONE[1], OTHER[2], ONE[2]],
    ],
    ids=["one by one", "the other first", "mixed"],
)
def test_events_of_different_flights_may_be_mixed(events: list[NewEvent]) -> None:
    assert list(differences(EXPECTED, recorded(events))) == []


@pytest.mark.parametrize(
    ("forge", "finding"),
    [
        (
            lambda stream: renumbered(stream[:4] + stream[5:]),
            "flight-departed of 2013-01-01 UA1546 EWR is missing",
        ),
        (
            lambda stream: renumbered([*stream, stream[5]]),
            "flight-arrived of 2013-01-01 UA1546 EWR is stored 2 times",
        ),
        (
            lambda stream: [replace(stream[0], payload={**FLIGHT, "distance": 1}), *stream[1:]],
            "flight-scheduled of 2013-01-01 UA1545 EWR is altered",
        ),
        (
            lambda stream: [*stream[:5], replace(stream[5], type="flight-landed")],
            "flight-arrived of 2013-01-01 UA1546 EWR is altered: flight-landed",
        ),
        (
            lambda stream: renumbered([stream[1], stream[0], *stream[2:]]),
            "flight-scheduled of 2013-01-01 UA1545 EWR is out of order, at version 2",
        ),
        (
            lambda stream: renumbered([*stream, *recorded(events_of(flight(**NEVER_LEFT))[1:])]),
            "flight-cancelled of 2013-01-01 UA1545 EWR at version 7 is not in the input",
        ),
        (
            lambda stream: [*stream[:5], replace(stream[5], version=7)],
            "flight-arrived of 2013-01-01 UA1546 EWR has version 7 instead of 6",
        ),
    ],
    ids=["missing", "duplicated", "altered", "renamed", "reordered", "foreign", "misnumbered"],
)
def test_one_forgery_is_one_finding(
    forge: Callable[[list[RecordedEvent]], list[RecordedEvent]], finding: str
) -> None:
    findings = list(differences(EXPECTED, forge(recorded(EXPECTED))))

    assert len(findings) == 1
    assert findings[0].startswith(finding)


def test_an_empty_stream_lacks_all_events() -> None:
    assert len(list(differences(EXPECTED, []))) == 6


def test_each_aircraft_is_checked_once() -> None:
    flights = [flight(), flight(tailnum="N1"), flight(flight="1546"), flight(tailnum="NA")]

    streams = dict(by_aircraft(flights))

    assert streams == {
        "N1": [flights[1]],
        "N14228": [flights[0], flights[2]],
        "UA, no aircraft": [flights[3]],
    }
