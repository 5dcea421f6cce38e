"""Desk: appends with optimistic locking, and decides again after each conflict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from event_store_async import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventReader,
    EventWriter,
    NewEvent,
    Persisted,
)

from .logbook import Logbook


class Store(EventReader, EventWriter, Protocol):
    """What a desk needs from an event store: reading and writing."""


@dataclass(slots=True)
class Tally:
    """What all desks have done so far."""

    flights: int = 0
    appends: int = 0
    events: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """
    A planner or dispatcher who writes into logbooks.

    Attributes:
        name: Stored in the metadata of every event that the desk records.
        store: Holds the logbooks.
        tally: Counts what the desk has done.
    """

    name: str
    store: Store
    tally: Tally

    async def record(self, logbook: Logbook, events: Sequence[NewEvent]) -> None:
        """
        Record events in a logbook, each exactly once, even if others write into it.

        Raises:
            OutOfTurn: the flight is not ready for an event, according to the logbook.
        """
        signed = [replace(event, metadata={"by": self.name}) for event in events]
        while due := logbook.still_due(signed):
            try:
                result = await self.store.try_persist_events(
                    logbook.stream_id, due, expected_version=logbook.version
                )
            except AppendOutcomeUnknown:
                # Append the same events again: the store knows by their ids if they are stored.
                continue
            match result:
                case Persisted(events=recorded):
                    logbook.follow(recorded)
                    self.tally.appends += 1
                    self.tally.events += len(recorded)
                case ConcurrentModification():
                    self.tally.conflicts += 1
                    await logbook.catch_up(self.store)
