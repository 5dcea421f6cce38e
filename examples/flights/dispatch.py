"""Planners and dispatchers, who append to the same logbooks at the same time."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeAlias
from uuid import UUID, uuid5

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .data import Flight
from .events import reports, scheduled
from .logbook import Logbook
from .recorder import Recorder, Store, Tally

Assignment: TypeAlias = tuple[Flight, Logbook]
"""A flight, and its aircraft's logbook as it was before the day's plan."""


async def replay(
    store: Store, flights: Iterable[Flight], *, run: UUID, dispatchers: int, tally: Tally
) -> None:
    """
    Record all flights, day by day, each in the stream of its aircraft.

    Planners record which flights are scheduled for an aircraft on a day. Dispatchers then take one
    flight at a time and record what happens to it. In a replay, a day takes seconds, so several
    flights of an aircraft are in progress at once. Their dispatchers append to the same logbook,
    which leads to conflicts.

    Args:
        store: The store to record them in.
        flights: The flights.
        run: An id that gives this replay its own streams, so that it can be repeated on a cluster.
        dispatchers: The number of dispatchers. There is about one planner for every four.
        tally: The counts to update.
    """
    plans = aircraft_days(flights)
    # A short buffer makes planners wait for dispatchers, instead of planning the whole year.
    planned, assigned = anyio.create_memory_object_stream[Assignment](dispatchers)
    async with anyio.create_task_group() as group, planned, assigned:
        for number in range(1, dispatchers // 4 + 2):
            recorder = Recorder(f"planner {number}", store, tally)
            group.start_soon(_plan, recorder, run, plans, planned.clone())
        for number in range(1, dispatchers + 1):
            recorder = Recorder(f"dispatcher {number}", store, tally)
            group.start_soon(_dispatch, recorder, assigned.clone())


def aircraft_days(flights: Iterable[Flight]) -> Iterator[list[Flight]]:
    """Yield a list for each day and aircraft: its flights in order of time."""
    in_order = sorted(
        flights, key=lambda flight: (flight.day, flight.aircraft, flight.scheduled_departure)
    )
    for _, group in groupby(in_order, key=lambda flight: (flight.day, flight.aircraft)):
        yield list(group)


def stream_of(run: UUID, aircraft: str) -> UUID:
    """Return the id of an aircraft's stream in a replay."""
    return uuid5(run, aircraft)


async def _plan(
    recorder: Recorder,
    run: UUID,
    plans: Iterator[list[Flight]],
    planned: MemoryObjectSendStream[Assignment],
) -> None:
    async with planned:
        # All planners share one iterator, so each plan is recorded once.
        for flights in plans:
            stream_id = stream_of(run, flights[0].aircraft)
            before = await recorder.store.current_version(stream_id)
            await recorder.record(
                Logbook(stream_id, before), [scheduled(flight) for flight in flights]
            )
            for flight in flights:
                await planned.send((flight, Logbook(stream_id, before)))


async def _dispatch(recorder: Recorder, assigned: MemoryObjectReceiveStream[Assignment]) -> None:
    async with assigned:
        async for flight, logbook in assigned:
            await logbook.catch_up(recorder.store)
            for report in reports(flight):
                await recorder.record(logbook, [report])
            recorder.tally.flights += 1
