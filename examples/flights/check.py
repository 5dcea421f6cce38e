"""Reads the streams back and compares every event with the input."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

import anyio

from event_store_async import EventReader, NewEvent, RecordedEvent

from .data import Flight
from .dispatch import stream_of
from .events import events_of

_READERS: Final = 8


@dataclass(slots=True)
class Findings:
    """
    The results of reading the streams back.

    Attributes:
        aircraft: Number of streams that have been read.
        events: Number of events that were found in them.
        problems: A description of each difference; empty if there are none.
    """

    aircraft: int = 0
    events: int = 0
    problems: list[str] = field(default_factory=list)


async def check(
    reader: EventReader, flights: Iterable[Flight], *, run: UUID, findings: Findings
) -> None:
    """Compare each aircraft's stream with its flights."""
    streams = by_aircraft(flights)

    async def read_some() -> None:
        # Each task holds only one stream in memory, even after a long replay.
        for aircraft, flights_of_one in streams:
            expected = [event for flight in flights_of_one for event in events_of(flight)]
            stream = reader.read_events(stream_of(run, aircraft))
            found = [event async for event in stream]
            findings.problems += [f"{aircraft}: {text}" for text in differences(expected, found)]
            findings.aircraft += 1
            findings.events += len(found)

    async with anyio.create_task_group() as group:
        for _ in range(_READERS):
            group.start_soon(read_some)


def by_aircraft(flights: Iterable[Flight]) -> Iterator[tuple[str, list[Flight]]]:
    """Yield each aircraft with its flights, in order of time."""
    in_order = sorted(flights, key=lambda flight: (flight.aircraft, flight.scheduled_departure))
    for aircraft, group in groupby(in_order, key=lambda flight: flight.aircraft):
        yield aircraft, list(group)


def differences(expected: Sequence[NewEvent], found: Sequence[RecordedEvent]) -> Iterator[str]:
    """
    Yield a description of each difference between a stream and what should be in it.

    Events of different flights may be mixed in any way. Each event must be stored once and
    unaltered, the events of a flight must be in order, and versions must be contiguous from 1.
    """
    times = Counter(event.event_id for event in found)
    for event in expected:
        count = times[event.event_id]
        if count != 1:
            yield f"{_name(event)} is {f'stored {count} times' if count else 'missing'}"

    originals = {event.event_id: (place, event) for place, event in enumerate(expected)}
    latest: dict[str, int] = {}
    for version, stored in enumerate(found, start=1):
        if stored.version != version:
            yield f"{_name(stored)} has version {stored.version} instead of {version}"
        if stored.event_id not in originals:
            yield f"{_name(stored)} at version {stored.version} is not in the input"
            continue
        place, original = originals[stored.event_id]
        if (stored.type, stored.payload) != (original.type, original.payload):
            yield f"{_name(original)} is altered: {stored.type} {stored.payload}"
        flight = original.payload["flight"]
        if place < latest.get(flight, place):
            yield f"{_name(original)} is out of order, at version {stored.version}"
        latest[flight] = place


def _name(event: NewEvent | RecordedEvent) -> str:
    return f"{event.type} of {event.payload['flight']}"
