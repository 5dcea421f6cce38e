"""The subscriptions of an event store on Cassandra: `EventStore.subscriptions`."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ...checks import check_instance, check_int, check_stream_id
from ...errors import InvalidArgument, LeaseLost, NotParked, SubscriptionUnknown
from ...feeds import FeedReader, Position
from ...feeds.selection import slice_of
from ...hooks import Source
from ...hooks.observer import Observer
from ...ids import random_uuid
from ...ports.changes import check_division, corrected, position_of_start
from ...ports.lag import SubscriptionStatus, measured_lag
from ...ports.slices import (
    Beat,
    Checkpoints,
    Lease,
    ParkedStream,
    Registration,
    Roster,
    SkippedEvent,
    SliceKey,
    Start,
    check_slices,
    check_start,
    check_subscription_name,
)
from ...ports.subscriptions import Subscriptions
from ...ports.transactions import Stopped
from ...tasks import task_group
from .changes import (
    Decide,
    NotClaimed,
    claiming,
    committing,
    first_parked,
    lost,
    parking,
    refreshing,
    releasing,
    replaying,
    skipping,
)
from .generations import Generations, completing
from .registry import Registry
from .rows import SliceState, StoredRegistration
from .slice_states import SliceClosed, SliceStates
from .tables import SubscriptionTables


class CassandraSubscriptions(Subscriptions):
    """
    Keeps subscriptions beside the feed of a table; see the room's docstring for how.

    Args:
        tables: The tables of subscriptions.
        reader: Reads the feed.
        now: The clock.
        check_open: Raises if the store cannot be used.
        source: The store, for what is reported.
        observer: Reports to the hooks of the store; None without hooks.

    Attributes:
        observer: As given: members tell it what they do.
        source: As given.
    """

    def __init__(
        self,
        tables: SubscriptionTables,
        reader: FeedReader[Any],
        now: Callable[[], datetime],
        check_open: Callable[[], object],
        source: Source = Source("cassandra"),  # noqa: B008 - a value
        observer: Observer | None = None,
    ) -> None:
        self._tables = tables
        self._reader = reader
        self._now = now
        self._check_open = check_open
        self.source = source
        self.observer = observer
        self._registry = Registry(tables)
        self._slices = SliceStates(tables)
        self._generations = Generations(tables, self._registry, self._slices)

    # What members do

    async def register(  # noqa: D102 - inherited from the port
        self, name: str, slices: int, start: Position
    ) -> Registration:
        name = self._checked(name)
        check_slices(slices)
        check_instance("start", start, Position, "a Position")
        return (await self._registry.register(name, slices, start)).public

    async def beat(  # noqa: D102 - inherited from the port
        self, name: str, member: UUID, beat: Beat
    ) -> Roster:
        check_instance("member", member, UUID, "a UUID")
        check_instance("beat", beat, Beat, "a Beat")
        known = await self._registry.get(self._checked(name), serial=False)
        members: dict[UUID, Beat] = {}
        holders: dict[int, tuple[UUID | None, int]] = {}

        async def read_members() -> None:
            members.update(await self._tables.members(known.id))

        async def read_holders() -> None:
            holders.update(await self._tables.holders(known.series, known.public.slices))

        async with task_group() as group:
            group.start_soon(self._tables.beat, known.id, member, beat)
            group.start_soon(read_members)
            group.start_soon(read_holders)
        own = members.get(member)
        if own is None or own.count < beat.count:
            members[member] = beat
        return Roster(known.public, members, holders)

    async def leave(self, name: str, member: UUID) -> None:  # noqa: D102 - inherited from the port
        check_instance("member", member, UUID, "a UUID")
        known = await self._registry.get(self._checked(name), serial=False)
        beat = (await self._tables.members(known.id)).get(member)
        if beat is not None:
            await self._tables.leave(known.id, member, beat.count)

    async def claim(  # noqa: D102 - inherited from the port
        self, key: SliceKey, member: UUID, seen_fence: int
    ) -> Lease | None:
        check_instance("key", key, SliceKey, "a SliceKey")
        check_instance("member", member, UUID, "a UUID")
        check_int("seen_fence", seen_fence, at_least=0)
        known = await self._registry.get(self._checked(key.name))
        if not _is_of(key, known.public):
            return None
        try:
            state = await self._slices.change(
                known, key.slice, claiming(member, seen_fence), is_held=True, unless_closed=True
            )
        except (NotClaimed, SliceClosed):
            return None
        # The generation may have ended before the slice was claimed. Then this has claimed a slice
        # that nobody reads any more, or has even written it anew.
        with completing("claiming a slice"):
            again = await self._registry.get(key.name)
        if again.series != known.series:
            self._slices.forget(known.series)
            return None
        return Lease(key, member, state.fence, state.position, dict(state.parked), known.id)

    async def refresh(self, lease: Lease) -> Lease:  # noqa: D102 - inherited from the port
        state = await self._on_lease(lease, refreshing(lease))
        return replace(lease, position=state.position, parked=dict(state.parked))

    async def commit(  # noqa: D102 - inherited from the port
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        check_instance("lease", lease, Lease, "a Lease")
        check_instance("position", position, Position, "a Position")
        check_instance("parked", parked, Mapping, "a mapping")
        if position < lease.position:
            raise InvalidArgument("a slice cannot be moved back: reset the subscription")
        state = await self._on_lease(lease, committing(lease, position, dict(parked)))
        return replace(lease, position=state.position, parked=dict(state.parked))

    async def release(self, lease: Lease) -> None:  # noqa: D102 - inherited from the port
        try:
            await self._on_lease(lease, releasing(lease))
        except LeaseLost:
            return

    async def prepared(  # noqa: D102 - inherited from the port
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        check_instance("registration", registration, Registration, "a Registration")
        check_instance("stopped", stopped, Stopped, "a Stopped", optional=True)

        def decide(known: StoredRegistration) -> StoredRegistration | None:
            public = known.public
            if public.generation != registration.generation or public.ready:
                return None
            earlier = corrected(public.earlier, stopped)
            return replace(known, public=replace(public, ready=True, fresh=False, earlier=earlier))

        name = self._checked(registration.name)
        return (await self._registry.change(name, decide)).public

    async def divide(  # noqa: D102 - inherited from the port
        self, registration: Registration
    ) -> Registration:
        check_instance("registration", registration, Registration, "a Registration")
        known = await self._registry.get(self._checked(registration.name))
        if known.public.generation != registration.generation:
            return known.public
        return (await self._generations.divide(known)).public

    async def checkpoints(self, name: str) -> Checkpoints:  # noqa: D102 - inherited from the port
        return _checkpoints(*await self._read(name))

    # What operators do

    async def all(self) -> AsyncGenerator[SubscriptionStatus, None]:  # noqa: D102 - inherited
        self._check_open()
        for name in sorted(await self._tables.names()):
            try:
                status = await self.status(name)
            except SubscriptionUnknown:  # it was forgotten meanwhile
                continue
            yield status

    async def status(self, name: str) -> SubscriptionStatus:  # noqa: D102 - inherited
        known, states = await self._read(name)
        members = await self._tables.members(known.id)
        holders = {number: (each.holder, each.fence) for number, each in enumerate(states)}
        roster = Roster(known.public, members, holders)
        lag = await measured_lag(self._reader, _checkpoints(known, states), self._now, roster)
        return SubscriptionStatus(known.public, members, lag)

    async def pause(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._registry.update(self._checked(name), paused=True)

    async def resume(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._registry.update(self._checked(name), paused=False)

    async def reset(self, name: str, to: Start) -> Registration:  # noqa: D102 - inherited
        name = self._checked(name)
        check_start("to", to)
        start = position_of_start(to, await self._reader.head())
        return (await self._generations.reset(name, start)).public

    async def reslice(self, name: str, slices: int) -> Registration:  # noqa: D102 - inherited
        check_slices(slices)
        known, states = await self._read(name)
        if slices != known.public.slices:
            check_division(known.public, tuple(each.position for each in states))
        made = await self._registry.reslice(known.public.name, slices, random_uuid())
        with completing("dividing a subscription"):
            if made.next_series != known.next_series and made.series == known.series:
                await self._generations.take_back(known)
            if made.next_series is None:
                return made.public
            _, states = await self._read(name)
            if any(each.holder is not None for each in states):
                return made.public
            return (await self._generations.divide(made)).public

    async def parked(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID | None = None
    ) -> AsyncGenerator[ParkedStream, None]:
        if stream_id is not None:
            stream_id = check_stream_id(stream_id)
        _, states = await self._read(name)
        for each in [row for state in states for row in state.parked.values()]:
            if stream_id in (None, each.stream_id):
                yield each

    async def park(self, name: str, stream_id: UUID) -> None:  # noqa: D102 - inherited
        stream_id = check_stream_id(stream_id)
        await self._on_stream(name, stream_id, parking(stream_id, self._now()))

    async def replay(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID | None = None
    ) -> int:
        if stream_id is not None:
            stream_id = check_stream_id(stream_id)
            await self._on_stream(name, stream_id, replaying(name, stream_id))
            return 1
        while True:
            known, states = await self._read(name)
            numbers = [number for number, state in enumerate(states) if state.parked]
            found = await self._change(known, numbers, replaying(name, None))
            if found is not None:
                return sum(len(state.parked) for state in found)

    async def skip(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID, version: int, *, reason: str, by: str
    ) -> None:
        stream_id = check_stream_id(stream_id)
        record = SkippedEvent(stream_id, version, "", reason, by, self._now())
        known, states = await self._read(name)
        state = states[slice_of(stream_id, len(states))]
        row = first_parked(name, state, stream_id, version)
        # The record comes first: there is no skip without one, whoever dies in between.
        record, skip = replace(record, error=row.error), random_uuid()
        await self._tables.skip(known.id, skip, record)
        try:
            await self._on_stream(name, stream_id, skipping(name, stream_id, version))
        except NotParked:
            await self._tables.unskip(known.id, skip, record)
            raise

    async def skipped(  # noqa: D102 - inherited from the port
        self, name: str
    ) -> AsyncGenerator[SkippedEvent, None]:
        known = await self._registry.get(self._checked(name))
        for each in await self._tables.skipped(known.id):
            yield each

    async def forget(self, name: str) -> None:  # noqa: D102 - inherited from the port
        known = await self._registry.unregister(self._checked(name))
        with completing("forgetting a subscription"):
            await self._generations.end(known)

    # What both need

    def _checked(self, name: object) -> str:
        name = check_subscription_name(name)
        self._check_open()
        return name

    async def _read(self, name: str) -> tuple[StoredRegistration, list[SliceState]]:
        """Return a registration and its slices, of one and the same generation."""
        known = await self._registry.get(self._checked(name))
        while True:
            public = known.public
            states = await self._tables.states(known.series, public.slices, public.start)
            if all(each.revision and each.closed is None for each in states):
                return known, states
            # They were never claimed, or their generation has ended meanwhile, and they are gone.
            again = await self._registry.get(name)
            if again.series == known.series:
                return again, states
            known = again

    async def _on_lease(self, lease: Lease, decide: Decide) -> SliceState:
        """Change the slice of a lease; raises `LeaseLost` and `SubscriptionUnknown`."""
        check_instance("lease", lease, Lease, "a Lease")
        key = lease.key
        name = self._checked(key.name)
        known = self._registry.cached(name)
        while True:
            if known is None or not _is_of(key, known.public):
                known = await self._registry.get(name)
                if not _is_of(key, known.public):
                    raise lost(lease)
            try:
                return await self._slices.change(known, key.slice, decide, is_held=True)
            except LeaseLost:
                again = await self._registry.get(name)
                if again.series == known.series or not _is_of(key, again.public):
                    raise
                known = again  # it was forgotten, and registered again

    async def _on_stream(self, name: str, stream_id: UUID, decide: Decide) -> None:
        """Change the slice of a stream, and let its holder know."""
        changed, again = None, False

        def decided(state: SliceState, doubtful: bool) -> SliceState | None:
            return decide(state, doubtful or again)

        while changed is None:
            known = await self._registry.get(self._checked(name))
            number = slice_of(stream_id, known.public.slices)
            changed = await self._change(known, [number], decided)
            again = True  # the first change may have been made, and be part of the next generation

    async def _change(
        self, known: StoredRegistration, numbers: list[int], decide: Decide
    ) -> list[SliceState] | None:
        """Change slices, and let their holders know; None if their generation has ended."""
        found: list[SliceState] = []

        async def change(number: int) -> None:
            found.append(await self._slices.change(known, number, decide, unless_closed=True))

        try:
            async with task_group() as group:
                for number in numbers:
                    group.start_soon(change, number)
        except SliceClosed:  # all who worked have stopped: the next generation can begin
            await self._generations.divide(known)
            return None
        with completing("changing subscriptions"):
            again = await self._registry.request(known.public.name)
        # Another number of slices was asked for meanwhile: its slices may have been filled already
        # with what was parked before.
        same = (again.series, again.next_series) == (known.series, known.next_series)
        return found if same else None


def _is_of(key: SliceKey, known: Registration) -> bool:
    return key.generation == known.generation and key.slice < known.slices


def _checkpoints(known: StoredRegistration, states: list[SliceState]) -> Checkpoints:
    return Checkpoints(
        known.public,
        tuple(each.position for each in states),
        {stream_id: row for each in states for stream_id, row in each.parked.items()},
    )
