"""Generations: how one ends, so that nothing of it is lost, and another begins."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

from ...errors import RequestRefused, StoreClosed, StoreUnavailable
from ...feeds import Position
from ...feeds.selection import slice_of
from ...ids import random_uuid
from ...ports.changes import divided
from ...ports.slices import ParkedStream
from ...tasks import task_group
from .changes import closing
from .registry import Registry
from .rows import SliceState, StoredRegistration
from .slice_states import SliceStates
from .tables import SubscriptionTables

_LOG: Final = logging.getLogger("event_store_async")
_ROWS: Final = 100
"""How many parked streams one request moves."""


@contextmanager
def completing(doing: str) -> Iterator[None]:
    """
    Complete what has been begun: no error may say that nothing was changed any more.

    Args:
        doing: What is being done, for the error.

    Raises:
        StoreUnavailable: a request was refused. Repeating the call completes it.
    """
    try:
        yield
    except (RequestRefused, StoreClosed) as error:
        raise StoreUnavailable(f"{doing}: it was begun, and is not complete") from error


class Generations:
    """
    Ends generations, and begins others.

    Args:
        tables: The tables of subscriptions.
        registry: The registrations.
        slices: The slices.
    """

    def __init__(self, tables: SubscriptionTables, registry: Registry, slices: SliceStates) -> None:
        self._tables = tables
        self._registry = registry
        self._slices = slices

    async def reset(self, name: str, start: Position) -> StoredRegistration:
        """Begin a generation at a position, and void the leases of the one before."""
        series = random_uuid()
        before: list[StoredRegistration] = []

        def decide(known: StoredRegistration) -> StoredRegistration | None:
            if known.series == series:  # done, by a request whose answer was lost
                return None
            before.append(known)
            # A division that was begun may have filled the slices for which it closed these ones.
            other = None if known.next_series is None else random_uuid()
            public = replace(
                known.public,
                generation=known.public.generation + 1,
                start=start,
                fresh=True,
                ready=False,
                earlier=(),
            )
            return replace(known, series=series, next_series=other, public=public)

        made = await self._registry.change(name, decide)
        # Afterwards, and not before: leases that last a little longer harm nobody, since what they
        # store is of a series that is not read any more; a closed slice with nobody to begin the
        # next generation would.
        with completing("resetting a subscription"):
            await self._close(before[-1], series)
            await self._drop(before[-1].series, before[-1].public.slices)
            await self.take_back(before[-1])
        return made

    async def divide(self, known: StoredRegistration) -> StoredRegistration:
        """Begin the generation with the number of slices that was asked for, if it was."""
        name, generation = known.public.name, known.public.generation
        while True:
            known = await self._registry.get(name)
            if known.public.generation != generation or known.next_series is None:
                return known
            states = await self._close(known, known.next_series)
            made = await self._begin(known, states)
            if made.series == known.next_series:
                await self._drop(known.series, known.public.slices)
                return made

    async def take_back(self, known: StoredRegistration) -> None:
        """Delete what was written for a generation that is not to begin after all."""
        if known.next_series is not None and known.public.next_slices is not None:
            await self._drop(known.next_series, known.public.next_slices)

    async def end(self, known: StoredRegistration) -> None:
        """Delete all of a registration that is deleted itself."""
        await self._close(known, random_uuid())
        await self._tables.drop_slices(known.series, known.public.slices)
        if known.next_series is not None and known.public.next_slices is not None:
            await self._tables.drop_slices(known.next_series, known.public.next_slices)
        await self._tables.drop_all(known)
        self._slices.forget(known.series)

    async def _begin(
        self, known: StoredRegistration, states: Sequence[SliceState]
    ) -> StoredRegistration:
        """Begin the next generation, of slices that are all closed; return what is registered."""
        public, slices, series = known.public, known.public.next_slices, known.next_series
        if slices is None or series is None:
            return known
        positions = tuple(state.position for state in states)
        rows: dict[int, list[ParkedStream]] = {}
        for state in states:
            for row in state.parked.values():
                rows.setdefault(slice_of(row.stream_id, slices), []).append(row)
        async with task_group() as group:
            for number, parked in rows.items():
                group.start_soon(self._fill, series, number, parked)

        def decide(now: StoredRegistration) -> StoredRegistration | None:
            if now.series != known.series or now.next_series != series:
                return None  # begun by another, or taken back: then this was for nothing
            begun = replace(
                now.public,
                generation=public.generation + 1,
                slices=slices,
                next_slices=None,
                start=min(positions),
                ready=False,
                earlier=divided(now.public, positions),
            )
            return replace(now, series=series, next_series=None, public=begun)

        return await self._registry.change(public.name, decide)

    async def _fill(self, series: UUID, number: int, rows: Sequence[ParkedStream]) -> None:
        # Not applied once the slice was claimed: then others have filled it, and begun.
        for first in range(0, len(rows), _ROWS):
            await self._tables.fill_slice(series, number, rows[first : first + _ROWS])

    async def _close(self, known: StoredRegistration, series: UUID) -> list[SliceState]:
        """Close all slices of a generation, and return them: they do not change any more."""
        slices = known.public.slices
        states = await self._tables.states(known.series, slices, known.public.start)

        async def close(number: int) -> None:
            states[number] = await self._slices.change(
                known, number, closing(series), seen=states[number]
            )

        async with task_group() as group:
            for number in range(slices):
                group.start_soon(close, number)
        return states

    async def _drop(self, series: UUID, slices: int) -> None:
        """Delete slices that nobody reads any more; nothing depends on it."""
        self._slices.forget(series)
        try:
            await self._tables.drop_slices(series, slices)
        except StoreUnavailable as error:
            _LOG.info("slices that ended are not deleted: %s", error)
