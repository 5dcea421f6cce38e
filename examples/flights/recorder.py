"""A recorder: appends with optimistic locking, and decides again after a conflict."""

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
    """The part of an event store that a recorder uses: reading and appending."""


@dataclass(slots=True)
class Tally:
    """Counts of what all recorders have done so far."""

    flights: int = 0
    appends: int = 0
    events: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Recorder:
    """
    Records events in logbooks, for one planner or dispatcher.

    Attributes:
        name: Whose events these are; written into the metadata of each.
        store: The store with the logbooks.
        tally: The counts to update.
    """

    name: str
    store: Store
    tally: Tally

    async def record(self, logbook: Logbook, events: Sequence[NewEvent]) -> None:
        """
        Record events in a logbook, each of them once, even if others append at the same time.

        Raises:
            OutOfOrder: an event cannot follow the flight's last event.
        """
        signed = [replace(event, metadata={"by": self.name}) for event in events]
        while missing := logbook.unrecorded(signed):
            try:
                result = await self.store.try_persist_events(
                    logbook.stream_id, missing, expected_version=logbook.version
                )
            except AppendOutcomeUnknown:
                # Append the same events again: the store recognises them by their ids.
                continue
            match result:
                case Persisted(events=recorded):
                    logbook.apply(recorded)
                    self.tally.appends += 1
                    self.tally.events += len(recorded)
                case ConcurrentModification():
                    self.tally.conflicts += 1
                    await logbook.catch_up(self.store)
