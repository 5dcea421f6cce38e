"""Reads the streams back and compares them with the input, event for event."""

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
    What reading back came to.

    Attributes:
        aircraft: Streams that have been read.
        events: Events that were found in them.
        problems: What is not as it must be, in words; empty where all is well.
    """

    aircraft: int = 0
    events: int = 0
    problems: list[str] = field(default_factory=list)


async def check(
    reader: EventReader, flights: Iterable[Flight], *, run: UUID, findings: Findings
) -> None:
    """Compare the stream of every aircraft with its flights."""
    streams = by_aircraft(flights)

    async def read_some() -> None:
        # One stream at a time is in memory for each task, however long the replay was.
        for aircraft, flown in streams:
            expected = [event for flight in flown for event in events_of(flight)]
            stream = reader.read_events(stream_of(run, aircraft))
            found = [event async for event in stream]
            findings.problems += [f"{aircraft}: {text}" for text in differences(expected, found)]
            findings.aircraft += 1
            findings.events += len(found)

    async with anyio.create_task_group() as group:
        for _ in range(_READERS):
            group.start_soon(read_some)


def by_aircraft(flights: Iterable[Flight]) -> Iterator[tuple[str, list[Flight]]]:
    """Give each aircraft with its flights, in order of time."""
    in_order = sorted(flights, key=lambda flight: (flight.aircraft, flight.due_out))
    for aircraft, group in groupby(in_order, key=lambda flight: flight.aircraft):
        yield aircraft, list(group)


def differences(expected: Sequence[NewEvent], found: Sequence[RecordedEvent]) -> Iterator[str]:
    """
    Say how a stream differs from what was to be recorded in it.

    The flights of an aircraft may be mixed in any way. The events of each must be there once,
    unaltered and in the order in which they happened, and the versions must count from 1.
    """
    times = Counter(event.event_id for event in found)
    for event in expected:
        count = times[event.event_id]
        if count != 1:
            yield f"{_name(event)} is {f'there {count} times' if count else 'missing'}"

    originals = {event.event_id: (place, event) for place, event in enumerate(expected)}
    latest: dict[str, int] = {}
    for version, stored in enumerate(found, start=1):
        if stored.version != version:
            yield f"{_name(stored)} has version {stored.version}, and is number {version}"
        if stored.event_id not in originals:
            yield f"{_name(stored)} at version {stored.version} is not in the input"
            continue
        place, original = originals[stored.event_id]
        if (stored.type, stored.payload) != (original.type, original.payload):
            yield f"{_name(original)} is altered: {stored.type} {stored.payload}"
        flight = original.payload["flight"]
        if place < latest.get(flight, place):
            yield f"{_name(original)} comes too late, at version {stored.version}"
        latest[flight] = place


def _name(event: NewEvent | RecordedEvent) -> str:
    return f"{event.type} of {event.payload['flight']}"
