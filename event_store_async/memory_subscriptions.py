"""The subscriptions of an event store in memory; the shortest definition of what a store keeps."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from .checks import check_instance, check_int, check_stream_id
from .errors import (
    InvalidArgument,
    LeaseLost,
    NotParked,
    SubscriptionMismatch,
    SubscriptionUnknown,
)
from .feeds import FeedReader, Position
from .feeds.selection import slice_of
from .hooks import Source
from .hooks.observer import Observer
from .ids import ordered_uuid
from .memory_groups import MemoryGroup, MemoryGroups, MemorySlice
from .ports.changes import (
    after_skip,
    check_division,
    corrected,
    divided,
    parked_by_operator,
    position_of_start,
)
from .ports.lag import SubscriptionStatus, measured_lag
from .ports.slices import (
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
from .ports.subscriptions import Subscriptions
from .ports.transactions import Stopped


class MemorySubscriptions(Subscriptions):
    """
    Keeps subscriptions in memory.

    What is done here between two awaits is one compare-and-set on a server.

    Args:
        groups: The subscriptions.
        reader: Reads the feed.
        now: The clock.
        turn: Lets other tasks run once; raises `StoreClosed`.
        observer: Reports to the hooks of the store; None without hooks.

    Attributes:
        observer: As given: members tell it what they do.
        source: The store, for what is reported.
    """

    def __init__(
        self,
        groups: MemoryGroups,
        reader: FeedReader[Any],
        now: Callable[[], datetime],
        turn: Callable[[], Awaitable[object]],
        observer: Observer | None = None,
    ) -> None:
        self._groups = groups.by_name
        self._reader = reader
        self._now = now
        self._turn = turn
        self.observer = observer
        self.source = Source("memory")

    # What members do

    async def register(  # noqa: D102 - inherited from the port
        self, name: str, slices: int, start: Position
    ) -> Registration:
        name = check_subscription_name(name)
        check_slices(slices)
        check_instance("start", start, Position, "a Position")
        await self._turn()
        group = self._groups.get(name)
        if group is None:
            group = MemoryGroup(
                Registration(name, 1, slices, start, id=ordered_uuid()),
                [MemorySlice(start) for _ in range(slices)],
            )
            self._groups[name] = group
        elif slices not in {group.registration.slices, group.registration.next_slices}:
            raise SubscriptionMismatch(name, slices, group.registration.slices)
        return group.registration

    async def beat(  # noqa: D102 - inherited from the port
        self, name: str, member: UUID, beat: Beat
    ) -> Roster:
        check_instance("member", member, UUID, "a UUID")
        check_instance("beat", beat, Beat, "a Beat")
        group = await self._group(name)
        known = group.members.get(member)
        if known is None or known.count < beat.count:
            group.members[member] = beat
        holders = {
            number: (each.holder, each.fence)
            for number, each in enumerate(group.slices)
            if each.fence
        }
        return Roster(group.registration, dict(group.members), holders)

    async def leave(self, name: str, member: UUID) -> None:  # noqa: D102 - inherited from the port
        check_instance("member", member, UUID, "a UUID")
        group = await self._group(name)
        group.members.pop(member, None)

    async def claim(  # noqa: D102 - inherited from the port
        self, key: SliceKey, member: UUID, seen_fence: int
    ) -> Lease | None:
        check_instance("key", key, SliceKey, "a SliceKey")
        check_instance("member", member, UUID, "a UUID")
        check_int("seen_fence", seen_fence, at_least=0)
        group = await self._group(key.name)
        if group.registration.generation != key.generation or key.slice >= len(group.slices):
            return None
        stored = group.slices[key.slice]
        if stored.fence != seen_fence:
            return None
        stored.fence += 1
        stored.holder = member
        parked = dict(stored.parked)
        id_ = group.registration.id
        return Lease(key, member, stored.fence, stored.position, parked, id_)

    async def refresh(self, lease: Lease) -> Lease:  # noqa: D102 - inherited from the port
        stored = self._held(await self._group(lease.key.name), lease)
        if stored is None:
            raise self._lost(lease)
        return replace(lease, position=stored.position, parked=dict(stored.parked))

    async def commit(  # noqa: D102 - inherited from the port
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        check_instance("position", position, Position, "a Position")
        if position < lease.position:
            raise InvalidArgument("a slice cannot be moved back: reset the subscription")
        group = await self._group(lease.key.name)
        stored = self._held(group, lease)
        if stored is None:
            raise self._lost(lease)
        done = stored.position == position and all(
            stored.parked.get(stream_id) == row for stream_id, row in parked.items()
        )
        if not done:
            untouched = stored.position == lease.position and all(
                stored.parked.get(stream_id) == lease.parked.get(stream_id) for stream_id in parked
            )
            if not untouched:
                raise self._lost(lease)
            stored.position = position
            for stream_id, row in parked.items():
                if row is None:
                    stored.parked.pop(stream_id, None)
                else:
                    stored.parked[stream_id] = row
        return replace(lease, position=position, parked=dict(stored.parked))

    async def release(self, lease: Lease) -> None:  # noqa: D102 - inherited from the port
        stored = self._held(await self._group(lease.key.name), lease)
        if stored is not None:
            stored.holder = None
            stored.fence += 1

    async def prepared(  # noqa: D102 - inherited from the port
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        group = await self._group(registration.name)
        actual = group.registration
        if actual.generation != registration.generation or actual.ready:
            return actual
        group.registration = replace(
            actual, ready=True, fresh=False, earlier=corrected(actual.earlier, stopped)
        )
        return group.registration

    async def divide(  # noqa: D102 - inherited from the port
        self, registration: Registration
    ) -> Registration:
        group = await self._group(registration.name)
        if group.registration.generation == registration.generation:
            _divide(group)
        return group.registration

    async def checkpoints(self, name: str) -> Checkpoints:  # noqa: D102 - inherited from the port
        return _checkpoints(await self._group(name))

    # What operators do

    async def all(self) -> AsyncGenerator[SubscriptionStatus, None]:  # noqa: D102 - inherited
        await self._turn()
        for name in sorted(self._groups):
            if name in self._groups:  # it may have been forgotten meanwhile
                yield await self.status(name)

    async def status(self, name: str) -> SubscriptionStatus:  # noqa: D102 - inherited
        group = await self._group(name)
        roster = Roster(
            group.registration,
            dict(group.members),
            {number: (each.holder, each.fence) for number, each in enumerate(group.slices)},
        )
        lag = await measured_lag(self._reader, _checkpoints(group), self._now, roster)
        return SubscriptionStatus(group.registration, roster.members, lag)

    async def pause(self, name: str) -> None:  # noqa: D102 - inherited from the port
        group = await self._group(name)
        group.registration = replace(group.registration, paused=True)

    async def resume(self, name: str) -> None:  # noqa: D102 - inherited from the port
        group = await self._group(name)
        group.registration = replace(group.registration, paused=False)

    async def reset(self, name: str, to: Start) -> Registration:  # noqa: D102 - inherited
        check_start("to", to)
        head = await self._reader.head()
        start = position_of_start(to, head)
        group = await self._group(name)
        known = group.registration
        group.registration = replace(
            known,
            generation=known.generation + 1,
            start=start,
            fresh=True,
            ready=False,
            earlier=(),
        )
        group.slices = [MemorySlice(start) for _ in group.slices]
        return group.registration

    async def reslice(self, name: str, slices: int) -> Registration:  # noqa: D102 - inherited
        check_slices(slices)
        group = await self._group(name)
        known = group.registration
        if known.slices == slices:
            group.registration = replace(known, next_slices=None)
            return group.registration
        check_division(known, tuple(each.position for each in group.slices))
        group.registration = replace(known, next_slices=slices)
        if all(each.holder is None for each in group.slices):
            _divide(group)
        return group.registration

    async def parked(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID | None = None
    ) -> AsyncGenerator[ParkedStream, None]:
        if stream_id is not None:
            stream_id = check_stream_id(stream_id)
        group = await self._group(name)
        for each in [row for stored in group.slices for row in stored.parked.values()]:
            if stream_id in (None, each.stream_id):
                yield each

    async def park(self, name: str, stream_id: UUID) -> None:  # noqa: D102 - inherited
        stream_id = check_stream_id(stream_id)
        group = await self._group(name)
        stored = self._of(group, stream_id)
        if stream_id not in stored.parked:
            stored.parked[stream_id] = parked_by_operator(stream_id, stored.position, self._now())
            self._request(group)

    async def replay(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID | None = None
    ) -> int:
        if stream_id is not None:
            stream_id = check_stream_id(stream_id)
        group = await self._group(name)
        found = 0
        for stored in group.slices:
            for each in list(stored.parked.values()):
                if stream_id in (None, each.stream_id):
                    stored.parked[each.stream_id] = replace(each, replay=True)
                    found += 1
        if stream_id is not None and not found:
            raise NotParked(name, stream_id, None)
        self._request(group)
        return found

    async def skip(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID, version: int, *, reason: str, by: str
    ) -> None:
        stream_id = check_stream_id(stream_id)
        record = SkippedEvent(stream_id, version, "", reason, by, self._now())
        group = await self._group(name)
        stored = self._of(group, stream_id)
        row = stored.parked.get(stream_id)
        if row is None or not row.waits:
            raise NotParked(name, stream_id, None)
        if row.version != version:
            raise NotParked(name, stream_id, row.version)
        group.skipped.append(replace(record, error=row.error))
        stored.parked[stream_id] = after_skip(row)
        self._request(group)

    async def skipped(  # noqa: D102 - inherited from the port
        self, name: str
    ) -> AsyncGenerator[SkippedEvent, None]:
        group = await self._group(name)
        for each in list(group.skipped):
            yield each

    async def forget(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._group(name)
        self._groups.pop(name, None)

    # What both need

    async def _group(self, name: str) -> MemoryGroup:
        name = check_subscription_name(name)
        await self._turn()
        group = self._groups.get(name)
        if group is None:
            raise SubscriptionUnknown(name)
        return group

    @staticmethod
    def _held(group: MemoryGroup, lease: Lease) -> MemorySlice | None:
        """Return the slice of a lease, if it is not lost."""
        key = lease.key
        if group.registration.generation != key.generation or key.slice >= len(group.slices):
            return None
        stored = group.slices[key.slice]
        return stored if stored.fence == lease.fence and stored.holder == lease.member else None

    @staticmethod
    def _lost(lease: Lease) -> LeaseLost:
        return LeaseLost(lease.key.name, lease.key.generation, lease.key.slice)

    @staticmethod
    def _of(group: MemoryGroup, stream_id: UUID) -> MemorySlice:
        return group.slices[slice_of(stream_id, len(group.slices))]

    @staticmethod
    def _request(group: MemoryGroup) -> None:
        known = group.registration
        group.registration = replace(known, requests=known.requests + 1)


def _checkpoints(group: MemoryGroup) -> Checkpoints:
    return Checkpoints(
        group.registration,
        tuple(each.position for each in group.slices),
        {key: row for each in group.slices for key, row in each.parked.items()},
    )


def _divide(group: MemoryGroup) -> None:
    known = group.registration
    slices = known.next_slices
    if slices is None:
        return
    positions = tuple(each.position for each in group.slices)
    parked = [row for each in group.slices for row in each.parked.values()]
    start = min(positions)
    group.registration = replace(
        known,
        generation=known.generation + 1,
        slices=slices,
        next_slices=None,
        start=start,
        ready=False,
        earlier=divided(known, positions),
    )
    group.slices = [MemorySlice(start) for _ in range(slices)]
    for row in parked:
        group.slices[slice_of(row.stream_id, slices)].parked[row.stream_id] = row
