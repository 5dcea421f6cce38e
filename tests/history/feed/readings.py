"""Readings: the lines of all processes of a run, as deliveries."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .deliveries import Delivery, Item, Line, Located, Trouble
from .lines import parse

FOLDER: Final = "feed"
"""The folder, in that of a run, for what is recorded of the feed."""


@dataclass(slots=True)
class Readings:
    """
    What was recorded of a feed.

    Attributes:
        deliveries: What the readers got, in order of time, without the last reading.
        final: The deliveries of the last reading.
        located: The positions that were given for events.
        troubles: Errors.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    final: list[Delivery] = field(default_factory=list)
    located: list[Located] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def log(self) -> list[Item]:
        """The whole feed, as the last reading shows it."""
        return [item for delivery in self.final for item in delivery.items]

    @property
    def first_seen(self) -> Mapping[str, int]:
        """When each event was first delivered to any reader, by its id."""
        found: dict[str, int] = {}
        for delivery in self.deliveries:
            for item in delivery.items:
                found.setdefault(item.event, delivery.at)
        return found


def of_values(values: Iterable[Line]) -> Readings:
    """Return readings that consist of these values."""
    readings = Readings()
    for value in sorted(values, key=lambda value: value.at):
        match value:
            case Delivery(final=True):
                readings.final.append(value)
            case Delivery():
                readings.deliveries.append(value)
            case Located():
                readings.located.append(value)
            case Trouble():
                readings.troubles.append(value)
    return readings


def load_readings(directory: Path) -> Readings | None:
    """Read what was recorded of the feed in a run's folder; None if it was a run without one."""
    folder = directory / FOLDER
    return of_values(_values(folder)) if folder.is_dir() else None


def _values(folder: Path) -> Iterator[Line]:
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # otherwise its process was killed while writing
                    yield parse(json.loads(line))
