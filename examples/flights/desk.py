"""A desk: appends with optimistic locking, and decides again whenever somebody was faster."""

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
    """What a desk asks of an event store: any that reads and writes will do."""


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
    Somebody who writes into logbooks.

    Attributes:
        name: Stands in the metadata of every event that the desk records.
        store: Where the logbooks are.
        tally: Is kept up to date.
    """

    name: str
    store: Store
    tally: Tally

    async def record(self, logbook: Logbook, events: Sequence[NewEvent]) -> None:
        """
        Record events in a logbook, each once, whoever else writes into it.

        Raises:
            OutOfTurn: an event is not due, as the logbook stands by now.
        """
        signed = [replace(event, metadata={"by": self.name}) for event in events]
        while due := logbook.still_due(signed):
            try:
                result = await self.store.try_persist_events(
                    logbook.stream_id, due, expected_version=logbook.version
                )
            except AppendOutcomeUnknown:
                # Once more with the same events: their ids tell whether they were stored.
                continue
            match result:
                case Persisted(events=recorded):
                    logbook.follow(recorded)
                    self.tally.appends += 1
                    self.tally.events += len(recorded)
                case ConcurrentModification():
                    self.tally.conflicts += 1
                    await logbook.catch_up(self.store)
