"""Hostile subscriptions: the subscriptions of any store, made to behave as real ones may."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from ..errors import StoreUnavailable
from ..feeds import Position
from ..ids import random_uuid
from ..ports.lag import SubscriptionStatus
from ..ports.slices import (
    Beat,
    Checkpoints,
    Lease,
    ParkedStream,
    Registration,
    Roster,
    SkippedEvent,
    SliceKey,
    Start,
)
from ..ports.subscriptions import Subscriptions
from ..ports.transactions import Stopped
from .injections import BEATS, CLAIMS, COMMITS, VERSION_READS, Choice, Injection
from .older_checkpoints import OlderCheckpoints


class HostileSubscriptions(Subscriptions):
    """
    Passes calls to the subscriptions of a store and injects faults; see `Injection`.

    No fault is injected into what operators do.

    Args:
        subscriptions: The wrapped ones.
        choose: Chooses the fault of a call.
        record: Notes a fault that was injected.
        sleep: Waits for a number of seconds.
        checkpoints: Those that slices had.

    Attributes:
        observer: That of the wrapped ones, if they have any: members tell it what they do.
        source: Likewise.
    """

    def __init__(
        self,
        subscriptions: Subscriptions,
        choose: Callable[[UUID | None, frozenset[Injection]], Awaitable[Choice]],
        record: Callable[[Injection, UUID | None], object],
        sleep: Callable[[float], Awaitable[Any]],
        checkpoints: OlderCheckpoints,
    ) -> None:
        self._kept = subscriptions
        self._choose = choose
        self._record = record
        self._sleep = sleep
        self._checkpoints = checkpoints
        self.observer = getattr(subscriptions, "observer", None)
        self.source = getattr(subscriptions, "source", None)

    async def _pass(self, doing: str) -> None:
        """Let a call pass, or raise `StoreUnavailable`."""
        if (await self._choose(None, VERSION_READS)).injection is Injection.UNAVAILABLE:
            self._record(Injection.UNAVAILABLE, None)
            raise StoreUnavailable(f"injected: {doing} a subscription")

    # What members do

    async def commit(  # noqa: D102 - inherited from the port
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        injection = (await self._choose(None, COMMITS)).injection
        shown, given, lease = position, lease, self._checkpoints.kept(lease)
        if lease is not given and position >= given.position:
            position = max(position, lease.position)
        if injection is Injection.STOLEN:
            await self._steal(lease)
        elif injection is Injection.NEW_GENERATION:
            await self._begin_generation(lease)
        elif injection in {Injection.UNAVAILABLE, Injection.COMMIT_LOST}:
            self._record(injection, None)
            raise StoreUnavailable("injected: committing a slice")
        committed = await self._kept.commit(lease, position, parked)
        committed = self._checkpoints.committed(committed, shown)
        if injection is Injection.COMMIT_STORED:
            self._record(injection, None)
            raise StoreUnavailable("injected: committing a slice")
        return committed

    async def _steal(self, lease: Lease) -> None:
        """Claim a slice for a member that gives it back at once."""
        stolen = await self._kept.claim(lease.key, random_uuid(), lease.fence)
        if stolen is not None:
            self._record(Injection.STOLEN, None)
            await self._kept.release(stolen)

    async def _begin_generation(self, lease: Lease) -> None:
        """Reset the subscription as an operator may, if that leaves no event out."""
        name, key = lease.key.name, lease.key
        known = (await self._kept.checkpoints(name)).registration
        # What was divided or reset before starts elsewhere than the subscription did.
        if known.generation == key.generation and (known.generation == 1 or known.fresh):
            self._record(Injection.NEW_GENERATION, None)
            await self._kept.reset(name, known.start)

    async def beat(  # noqa: D102 - inherited from the port
        self, name: str, member: UUID, beat: Beat
    ) -> Roster:
        choice = await self._choose(None, BEATS)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, None)
            raise StoreUnavailable("injected: a beat of a subscription")
        roster = await self._kept.beat(name, member, beat)
        if choice.injection is Injection.LATE_BEAT:
            self._record(choice.injection, None)
            await self._sleep(float(choice.items_before_break))
        return roster

    async def register(  # noqa: D102 - inherited from the port
        self, name: str, slices: int, start: Position
    ) -> Registration:
        await self._pass("registering")
        return await self._kept.register(name, slices, start)

    async def leave(self, name: str, member: UUID) -> None:  # noqa: D102 - inherited from the port
        await self._pass("leaving")
        await self._kept.leave(name, member)

    async def claim(  # noqa: D102 - inherited from the port
        self, key: SliceKey, member: UUID, seen_fence: int
    ) -> Lease | None:
        possible = CLAIMS if self._checkpoints.has_older(key) else VERSION_READS
        choice = await self._choose(None, possible)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, None)
            raise StoreUnavailable("injected: claiming a slice of a subscription")
        lease = await self._kept.claim(key, member, seen_fence)
        if lease is None:
            return None
        older = self._checkpoints.claimed(lease, choice.items_before_break)
        if choice.injection is not Injection.REDELIVERED or older is None:
            return lease
        self._record(choice.injection, None)
        return self._checkpoints.show(lease, older)

    async def refresh(self, lease: Lease) -> Lease:  # noqa: D102 - inherited from the port
        await self._pass("refreshing a lease of")
        refreshed = await self._kept.refresh(self._checkpoints.kept(lease))
        return self._checkpoints.shown(refreshed, lease)

    async def release(self, lease: Lease) -> None:  # noqa: D102 - inherited from the port
        await self._pass("releasing a slice of")
        await self._kept.release(lease)

    async def prepared(  # noqa: D102 - inherited from the port
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        await self._pass("preparing")
        return await self._kept.prepared(registration, stopped)

    async def divide(  # noqa: D102 - inherited from the port
        self, registration: Registration
    ) -> Registration:
        await self._pass("dividing")
        return await self._kept.divide(registration)

    async def checkpoints(self, name: str) -> Checkpoints:  # noqa: D102 - inherited from the port
        await self._pass("reading")
        return await self._kept.checkpoints(name)

    # What operators do

    def all(self) -> AsyncGenerator[SubscriptionStatus, None]:  # noqa: D102 - inherited
        return self._kept.all()

    async def status(self, name: str) -> SubscriptionStatus:  # noqa: D102 - inherited
        return await self._kept.status(name)

    async def pause(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._kept.pause(name)

    async def resume(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._kept.resume(name)

    async def reset(self, name: str, to: Start) -> Registration:  # noqa: D102 - inherited
        return await self._kept.reset(name, to)

    async def reslice(self, name: str, slices: int) -> Registration:  # noqa: D102 - inherited
        return await self._kept.reslice(name, slices)

    def parked(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID | None = None
    ) -> AsyncGenerator[ParkedStream, None]:
        return self._kept.parked(name, stream_id)

    async def park(self, name: str, stream_id: UUID) -> None:  # noqa: D102 - inherited
        await self._kept.park(name, stream_id)

    async def replay(self, name: str, stream_id: UUID | None = None) -> int:  # noqa: D102
        return await self._kept.replay(name, stream_id)

    async def skip(  # noqa: D102 - inherited from the port
        self, name: str, stream_id: UUID, version: int, *, reason: str, by: str
    ) -> None:
        await self._kept.skip(name, stream_id, version, reason=reason, by=by)

    def skipped(self, name: str) -> AsyncGenerator[SkippedEvent, None]:  # noqa: D102 - inherited
        return self._kept.skipped(name)

    async def forget(self, name: str) -> None:  # noqa: D102 - inherited from the port
        await self._kept.forget(name)
