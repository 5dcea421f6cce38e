"""Member: one process of a consumer group; it beats, claims slices, and works on them."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from ..errors import EventStoreError, LeaseLost, StoreOverloaded, StoreUnavailable
from ..feeds import Position
from ..feeds.selection import slice_of
from ..hooks import LeaseChange
from ..ids import random_uuid
from ..ports.changes import position_of_start
from ..ports.slices import Beat, Lease, Registration, Roster, SliceKey, Start
from ..retry import Backoff
from ..tasks import task_group
from .assignment import assigned
from .ledger import Ledger
from .watch import Watch, may_begin
from .work import Work
from .worker import LONGEST_FINISH, SliceWorker

_T = TypeVar("_T")

_LOG: Final = logging.getLogger("event_store_async")
_OUTAGES: Final = (StoreUnavailable, StoreOverloaded)
_LOSSES: Final = Backoff(initial=0.02, maximum=3.0)


class Member:
    """
    A member of the consumer group of a subscription.

    Leases only spare double work: what makes it harmless is that the store refuses the commits of
    those who lost theirs. A lease lasts until one beat before the others may take over, counted
    from when the last beat that the store answered was sent. Then the handlers are cancelled.

    Args:
        work: What is to be done.
        slices: How many slices the program gives.
        start: Where the subscription starts, if it is new.
        until: Where the work ends; None for never.

    Attributes:
        id: The member.
        workers: What it works on, by slice.
        registration: The subscription, once it is known.
        beaten: When the last beat that was answered was sent, by the clock of the event loop.
        heard: When it was answered, by a clock that any thread can ask.
    """

    def __init__(self, work: Work, slices: int, start: Start, until: Position | None) -> None:
        self._work = work
        self._slices = slices
        self._start = start
        self._until = until
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._is_draining = False
        self._count = 0
        self._generation = 0  # of the slices that it works on
        self._done: set[int] = set()  # slices of this generation that have reached the end
        self._elsewhere: set[int] = set()  # slices that other members hold
        self._claims_from = 0  # the slice with which the next claims begin
        self._losses = _LOSSES.pauses()
        self._next_beat = 0.0
        self.id: UUID = random_uuid()
        self._watch = Watch(self.id, work.pace.lease)
        self.workers: dict[int, SliceWorker] = {}
        self.registration: Registration | None = None
        self.beaten: float | None = None
        self.heard: float | None = None
        work.prepared = self._hurry

    @property
    def is_live(self) -> bool:
        """Whether its last beat went through lately: its leases last."""
        return self.beaten is not None and anyio.current_time() < self._valid_until

    @property
    def _valid_until(self) -> float:
        pace = self._work.pace
        return (self.beaten or 0.0) + pace.lease - pace.beat

    def stop(self) -> None:
        """Ask it to finish the events in hand, and to end."""
        self._is_stopping = True
        self._hurry()

    def _hurry(self, delay: float = 0.0) -> None:
        """Beat soon: there is something to tell or to take."""
        self._next_beat = min(self._next_beat, anyio.current_time() + delay)
        self._wake.set()

    async def run(self) -> None:
        """
        Work until stopped, or until the end is reached.

        Raises:
            SubscriptionMismatch: it is registered with another number of slices.
            SubscriptionUnknown: it was forgotten meanwhile.
            ForeignPosition: the feed was built again.
            SliceHeld: a slice stays at an event, so that the end cannot be reached.
            MisuseError: a store is closed, or the handler waited for its own subscription.
            SchemaError: a table is missing.
        """
        if not await self._register():
            return
        try:
            async with task_group() as group:
                while not self._is_stopping:
                    if await self._beat(group) and await self._is_done():
                        break
                    await self._rest(self._next_beat)
                await self._drain(group)
        finally:
            with anyio.move_on_after(LONGEST_FINISH, shield=True):
                await self._leave(self.id)

    async def _register(self) -> bool:
        """Register the subscription; return whether that was done before it was stopped."""
        reader = self._work.feed.reader
        head = await self._insist(reader.head)
        if head is None:
            return False
        start = position_of_start(self._start, head)
        known = await self._insist(
            lambda: self._work.store.register(self._work.name, self._slices, start)
        )
        if known is None:
            return False
        known.start.check_feed(head.feed_id)
        self.registration = known
        self._generation = known.generation
        return True

    async def _insist(self, call: Callable[[], Awaitable[_T]]) -> _T | None:
        """Call a store until it answers; None if stopped before that."""
        pauses = self._work.outages.pauses()
        while not self._is_stopping:
            try:
                return await call()
            except _OUTAGES as error:
                _LOG.warning("subscription %s waits for the store: %s", self._work.name, error)
                self._next_beat = anyio.current_time() + next(pauses)
                await self._rest(self._next_beat)
        return None

    async def _rest(self, until: float) -> None:
        """Wait until a moment, or until there is reason to hurry."""
        while (left := min(until, self._next_beat) - anyio.current_time()) > 0:
            with anyio.move_on_after(left):
                await self._wake.wait()
            self._wake.clear()

    # Beats

    async def _beat(self, group: TaskGroup) -> bool:
        """Say that this member lives, and take and give slices; return whether that went well."""
        begun = anyio.current_time()
        self._next_beat = begun + self._work.pace.beat
        roster = await self._say()
        if roster is None:
            return False
        now = anyio.current_time()
        self.beaten = begun
        self.heard = time.monotonic()
        for worker in self.workers.values():
            worker.scope.deadline = self._valid_until
        living = self._watch.see(roster, begun, now)
        self.registration = roster.registration
        if roster.registration.generation != self._generation:
            self._change_generation(roster.registration)
            return False
        self._attend_workers(roster, living)
        self._elsewhere = {
            number
            for number, (holder, _) in roster.holders.items()
            if holder != self.id and holder in living
        }
        if self._is_draining:
            return True
        try:
            await self._claim(roster, living, group)
            if roster.registration.next_slices is not None:
                await self._divide(roster.registration)
                return False
            for member in self._watch.long_dead(roster.members, begun):
                await self._leave(member)
        except _OUTAGES as error:
            _LOG.warning("subscription %s waits for the store: %s", self._work.name, error)
            return False
        return True

    async def _say(self) -> Roster | None:
        self._count += 1
        holding = {
            number: worker.holding
            for number, worker in self.workers.items()
            if worker.holding is not None
        }
        beat = Beat(self._generation, self._count, holding)
        try:
            # A beat that hangs must not keep the next one from being sent.
            with anyio.move_on_after(self._work.pace.beat):
                return await self._work.store.beat(self._work.name, self.id, beat)
        except _OUTAGES as error:
            _LOG.warning("a beat of subscription %s did not arrive: %s", self._work.name, error)
        return None

    def _change_generation(self, registration: Registration) -> None:
        """Go over to a new generation once nothing of the old one is in hand any more."""
        for worker in self.workers.values():
            worker.end()
        if not self.workers:
            self._generation = registration.generation
            self._work.watch.generation_changed(
                registration.generation, registration.slices, fresh=registration.fresh
            )
            self._done.clear()
            self._next_beat = anyio.current_time()

    def _attend_workers(self, roster: Roster, living: frozenset[UUID]) -> None:
        wanted = self._wanted(roster, living)
        for number, worker in self.workers.items():
            if worker.is_finishing:
                continue  # it gives its slice back just now
            worker.tell(roster.registration)
            if roster.holders.get(number) != (self.id, worker.ledger.lease.fence):
                worker.lose()
            elif wanted.get(number) != self.id:
                worker.end()

    @staticmethod
    def _wanted(roster: Roster, living: frozenset[UUID]) -> dict[int, UUID]:
        if roster.registration.next_slices is not None:
            return {}  # another number of slices is asked for: all give their slices back
        holders = {
            number: holder for number, (holder, _) in roster.holders.items() if holder in living
        }
        return assigned(roster.registration.slices, living, holders)

    async def _claim(self, roster: Roster, living: frozenset[UUID], group: TaskGroup) -> None:
        registration = roster.registration
        if not may_begin(registration.generation, living, roster.members):
            return
        unclaimed: Exception | None = None
        wanted = self._wanted(roster, living)
        # From where the last beat stopped, so that one slice without a quorum holds up no other.
        for number in [
            *range(self._claims_from, registration.slices),
            *range(min(self._claims_from, registration.slices)),
        ]:
            if number in self.workers:
                continue
            holder, fence = roster.holders.get(number, (None, 0))
            key = SliceKey(registration.name, registration.generation, number)
            is_wanted = wanted.get(number) == self.id and number not in self._done
            if holder != self.id and (not is_wanted or holder in living):
                continue
            if not self.is_live or anyio.current_time() >= self._next_beat:
                break  # the leases that are held come first
            self._claims_from = number + 1
            try:
                if not is_wanted:
                    # Claimed or given back by a request whose answer was lost: others wait for it.
                    await self._work.store.release(Lease(key, self.id, fence, registration.start))
                    continue
                lease = await self._work.store.claim(key, self.id, fence)
            except _OUTAGES as error:
                unclaimed = error
                continue
            if lease is not None:
                slice_watch = self._work.watch.of_slice(number)
                ledger = Ledger(self._work.store, lease, self._work.now, slice_watch)
                worker = SliceWorker(self._work, registration, ledger, self._until)
                worker.scope.deadline = self._valid_until
                self.workers[number] = worker
                self._work.watch.lease_changed(number, lease.fence, "claimed")
                group.start_soon(self._run, worker)
        if unclaimed is not None:
            raise unclaimed

    async def _divide(self, registration: Registration) -> None:
        """Begin the next numbering of slices, once no living member holds a slice."""
        if not self.workers and not self._elsewhere:
            self.registration = await self._work.store.divide(registration)
            self._hurry()

    async def _leave(self, member: UUID) -> None:
        try:
            await self._work.store.leave(self._work.name, member)
        except _OUTAGES as error:
            _LOG.info("a member of subscription %s is not forgotten: %s", self._work.name, error)

    # Workers

    async def _run(self, worker: SliceWorker) -> None:
        """Run a worker to its end, and let the slice be claimed anew."""
        delay = 0.0
        try:
            with worker.scope:
                await self._run_or_save(worker)
                if worker.is_at_end:
                    self._done.add(worker.number)
                self._losses = _LOSSES.pauses()
        except LeaseLost as error:
            _LOG.info("subscription %s: %s", self._work.name, error)
            delay = next(self._losses)
        finally:
            del self.workers[worker.number]
            change: LeaseChange = "released" if worker.is_released else "lost"
            self._work.watch.lease_changed(worker.number, worker.ledger.lease.fence, change)
            self._hurry(delay)

    async def _run_or_save(self, worker: SliceWorker) -> None:
        """Run a worker; if something else than the end of its lease ends it, store its work."""
        try:
            await worker.run()
        except LeaseLost:
            raise
        except BaseException:
            if not worker.is_lost and anyio.current_time() < worker.scope.deadline:
                with anyio.CancelScope(shield=True):
                    try:
                        await worker.finish()
                    except EventStoreError as error:
                        _LOG.info("subscription %s: %s", self._work.name, error)
            raise

    # The end

    async def _is_done(self) -> bool:
        """Return whether every slice has reached the end, here or in the hands of others."""
        registration = self.registration
        if self._until is None or registration is None:
            return False
        if registration.paused:
            return True
        left = set(range(registration.slices)) - self._done
        if self.workers or not registration.ready or not left <= self._elsewhere:
            return False
        checkpoints = await self._insist(lambda: self._work.store.checkpoints(self._work.name))
        if checkpoints is None or checkpoints.registration.generation != registration.generation:
            return False
        replayed = {
            slice_of(stream_id, registration.slices)
            for stream_id, row in checkpoints.parked.items()
            if row.replay
        }
        return not left & replayed and all(
            checkpoints.positions[number] >= self._until for number in left
        )

    async def _drain(self, group: TaskGroup) -> None:
        """Let the events in hand end, in time, and go on beating meanwhile."""
        self._is_draining = True
        for worker in self.workers.values():
            worker.end()
        cut_at = anyio.current_time() + self._work.pace.drain
        while self.workers:
            if anyio.current_time() >= cut_at:
                for worker in self.workers.values():
                    worker.scope.cancel()
                cut_at = math.inf
            if anyio.current_time() >= self._next_beat:
                await self._beat(group)
            await self._rest(min(cut_at, self._next_beat))
