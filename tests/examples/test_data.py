"""The input of the demo, read from the package, with its irregular rows."""

from collections import Counter
from datetime import UTC, date, datetime
from importlib.machinery import ModuleSpec

import pytest

from examples.flights import data
from examples.flights.data import Flight, InputMissing, read_flights

from .flights import NEVER_ARRIVED, NEVER_LEFT, flight


def test_a_row_becomes_a_flight() -> None:
    assert flight() == Flight(
        day=date(2013, 1, 1),
        designator="UA1545",
        origin="EWR",
        destination="IAH",
        tail_number="N14228",
        scheduled_departure=datetime(2013, 1, 1, 10, 15, tzinfo=UTC),
        scheduled_arrival="08:19",
        departure_delay=2,
        arrived="08:30",
        arrival_delay=11,
        air_time=227,
        distance=1400,
    )
    assert flight().key == "2013-01-01 UA1545 EWR"


def test_values_that_the_input_does_not_know_are_none() -> None:
    cancelled = flight(**NEVER_LEFT)
    turned_back = flight(**NEVER_ARRIVED)

    assert (cancelled.departure_delay, cancelled.arrived) == (None, None)
    assert (turned_back.departure_delay, turned_back.arrived) == (2, None)
    assert (turned_back.arrival_delay, turned_back.air_time) == (None, None)


def test_a_flight_without_an_aircraft_is_in_its_airlines_logbook() -> None:
    unknown = flight(tailnum="NA")

    assert unknown.tail_number is None
    assert unknown.aircraft == "UA, no aircraft"


@pytest.mark.parametrize(("text", "clock"), [("1", "00:01"), ("930", "09:30"), ("2400", "24:00")])
def test_local_times_are_read(text: str, clock: str) -> None:
    assert flight(arr_time=text).arrived == clock


def test_reading_the_first_day() -> None:
    flights = read_flights(1)

    assert len(flights) == 842
    assert {flight.day for flight in flights} == {date(2013, 1, 1)}
    assert flights == sorted(flights, key=lambda flight: flight.scheduled_departure)


@pytest.mark.slow
def test_reading_the_whole_year() -> None:
    flights = read_flights()
    incomplete = Counter(
        "cancelled"
        if flight.departure_delay is None
        else "not arrived"
        if flight.arrived is None
        else "delay unknown"
        for flight in flights
        if flight.arrival_delay is None
    )

    assert len(flights) == len({flight.key for flight in flights}) == 336_776
    assert incomplete == {"cancelled": 8_255, "not arrived": 458, "delay unknown": 717}
    assert sum(flight.tail_number is None for flight in flights) == 2_512
    assert len({flight.aircraft for flight in flights}) == 4_043 + 7


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_nothing(_: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(data, "find_spec", find_nothing)

    with pytest.raises(InputMissing, match="pip install"):
        read_flights(1)
