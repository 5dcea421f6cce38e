"""Planners and dispatchers, who write into the same logbooks at the same time."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeAlias
from uuid import UUID, uuid5

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .data import Flight
from .desk import Desk, Store, Tally
from .events import reports, scheduled
from .logbook import Logbook

Assignment: TypeAlias = tuple[Flight, Logbook]
"""A flight, and its aircraft's logbook at the version before the day's plan."""


async def replay(
    store: Store, flights: Iterable[Flight], *, run: UUID, dispatchers: int, tally: Tally
) -> None:
    """
    Record all flights, day by day, each in the stream of its aircraft.

    Planners record the flights scheduled for each aircraft on a day. Dispatchers then take one
    flight each and record its events. A replayed day lasts seconds, so several flights of one
    aircraft are in progress at once, and their dispatchers conflict in its logbook.

    Args:
        store: Where to record them.
        flights: The flights.
        run: Gives this replay streams of its own, so that it can be repeated on one cluster.
        dispatchers: The number of dispatchers; there is one planner for every four.
        tally: Counts what the desks have done.
    """
    plans = aircraft_days(flights)
    # A short buffer makes planners wait for dispatchers, instead of planning the whole year.
    planned, assigned = anyio.create_memory_object_stream[Assignment](dispatchers)
    async with anyio.create_task_group() as group, planned, assigned:
        for number in range(1, dispatchers // 4 + 2):
            desk = Desk(f"planner {number}", store, tally)
            group.start_soon(_plan, desk, run, plans, planned.clone())
        for number in range(1, dispatchers + 1):
            desk = Desk(f"dispatcher {number}", store, tally)
            group.start_soon(_dispatch, desk, assigned.clone())


def aircraft_days(flights: Iterable[Flight]) -> Iterator[list[Flight]]:
    """Yield a list for each day and aircraft: its flights in order of time."""
    in_order = sorted(flights, key=lambda flight: (flight.day, flight.aircraft, flight.due_out))
    for _, group in groupby(in_order, key=lambda flight: (flight.day, flight.aircraft)):
        yield list(group)


def stream_of(run: UUID, aircraft: str) -> UUID:
    """Return the stream of an aircraft's logbook in a replay."""
    return uuid5(run, aircraft)


async def _plan(
    desk: Desk,
    run: UUID,
    plans: Iterator[list[Flight]],
    planned: MemoryObjectSendStream[Assignment],
) -> None:
    async with planned:
        # All planners share one iterator, so that each plan is recorded once.
        for flights in plans:
            stream_id = stream_of(run, flights[0].aircraft)
            before = await desk.store.current_version(stream_id)
            await desk.record(Logbook(stream_id, before), [scheduled(flight) for flight in flights])
            for flight in flights:
                await planned.send((flight, Logbook(stream_id, before)))


async def _dispatch(desk: Desk, assigned: MemoryObjectReceiveStream[Assignment]) -> None:
    async with assigned:
        async for flight, logbook in assigned:
            await logbook.catch_up(desk.store)
            for report in reports(flight):
                await desk.record(logbook, [report])
            desk.tally.flights += 1
