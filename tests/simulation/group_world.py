"""World of a group: members, operators and writers in one run, all from one seed."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal
from unittest import mock
from uuid import UUID

import anyio

from event_store_async import (
    Backoff,
    Feed,
    FeedEvent,
    MemoryEventStore,
    NotParked,
    ResliceRefused,
    SubscriptionMismatch,
)
from event_store_async.subscriptions import (
    Lease,
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    Subscription,
    Subscriptions,
    SubscriptionStore,
)

from ..history.groups.check import Handled, Story, judge, judge_end, judge_view
from ..history.groups.noted import NotedDelivery
from .clock import Loop, run
from .group_process import Died, Process, ProcessReader, ProcessStore, ProcessTransactions, Trouble

Kind = Literal["events", "pages", "transactions"]
NAME = "group"
MEMBER_ID = "event_store_async.subscriptions.member.random_uuid"


@dataclass
class GroupPlan:
    """
    What happens in a run.

    Attributes:
        kind: What the members are.
        members: How many of them run at once, at first.
        slices: How many slices the subscription has, at first.
        streams: How many streams there are.
        rounds: How often something is appended, and something may happen.
        poison: How likely an event fails, until it is mended.
        trouble: The faults.
        kills: How likely a member is killed, in each round.
        stops: How likely a member is stopped.
        resets: How likely an operator resets.
        reslices: How likely an operator changes the number of slices.
        parkings: How likely an operator replays, skips, parks, pauses or resumes.
        slow: How likely a handler takes seconds.
        cuts: How likely a member is cut off from the store for some time.
        flaky: How likely a call for a poisoned event succeeds all the same.
        operations: What operators do.
        holds: Whether a slice holds at what fails.
        commit_seconds: How long the stored checkpoint may be behind.
    """

    kind: Kind = "events"
    members: int = 2
    slices: int = 3
    streams: int = 5
    rounds: int = 12
    poison: float = 0.0
    trouble: Trouble = field(default_factory=Trouble)
    kills: float = 0.0
    stops: float = 0.0
    resets: float = 0.0
    reslices: float = 0.0
    parkings: float = 0.0
    slow: float = 0.1
    cuts: float = 0.0
    flaky: float = 0.0
    operations: tuple[str, ...] = ("replay", "skip", "park", "pause", "resume", "mend")
    holds: bool = False
    commit_seconds: float = 1.0

    @classmethod
    def drawn(cls, chance: Random) -> "GroupPlan":
        """Return a plan by chance."""
        bad = chance.choice([0.0, 0.005, 0.02])

        def maybe(factor: float = 1.0) -> float:
            return chance.choice([0.0, bad * factor])

        return cls(
            kind=chance.choice(["events", "pages", "transactions", "transactions"]),
            members=chance.randint(1, 3),
            slices=chance.randint(1, 5),
            streams=chance.randint(1, 6),
            rounds=chance.choice([4, 8, 12, 16, 32]),
            poison=chance.choice([0.0, 0.1, 0.2]),
            trouble=Trouble(
                lost=maybe(),
                unanswered=maybe(),
                late=maybe(),
                frozen=maybe(),
                slow=maybe(4),
                crash=maybe(0.5),
            ),
            kills=chance.choice([0.0, 0.2]),
            stops=chance.choice([0.0, 0.2]),
            resets=chance.choice([0.0, 0.0, 0.15]),
            reslices=chance.choice([0.0, 0.0, 0.25]),
            parkings=chance.choice([0.0, 0.3, 0.6]),
            slow=chance.choice([0.0, 0.2]),
            cuts=chance.choice([0.0, 0.1]),
            flaky=chance.choice([0.0, 0.4]),
            holds=chance.random() < 0.15,
            commit_seconds=chance.choice([0.0, 1.0]),
        )


@dataclass
class GroupOutcome:
    """
    How a run ended.

    Attributes:
        wrong: What the checker found.
        facts: Counts, to see that runs do what they are for.
    """

    wrong: list[str]
    facts: dict[str, int]


class GroupWorld:
    """
    One run.

    Args:
        seed: Everything follows from it.
        plan: What happens; None draws one.
    """

    def __init__(self, seed: int, plan: GroupPlan | None = None) -> None:
        self.seed = seed
        self.random = Random(f"group {seed}")
        self.plan = plan or GroupPlan.drawn(Random(f"plan {seed}"))
        self.trouble = Trouble(**vars(self.plan.trouble))
        self.store = MemoryEventStore()
        self.admin: Subscriptions = self.store.subscriptions
        self.operator: Subscriptions = self.store.subscriptions
        self.view = MemoryTransactions[dict[UUID, list[int]]]({})
        self.story = Story()
        self.poisoned: set[tuple[UUID, int]] = set()
        ids = Random(f"ids {seed}")
        self.streams = [UUID(int=ids.getrandbits(128), version=4) for _ in range(self.plan.streams)]
        self.facts = dict.fromkeys(("appended", "kills", "resets", "reslices", "parked", "ops"), 0)
        self.running: list[tuple[Process, Any, asyncio.Task[None]]] = []
        self.failed: list[str] = []
        self._slices = self.plan.slices
        self._processes = 0

    def patched(self, new_id: Callable[[], UUID]) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return what is entered for the time of the run; *new_id* returns ids."""
        return nullcontext()

    def start_member(self, crash_at: int | None = None) -> Process:
        """Start a process, as a new deployment would."""
        self._processes += 1
        process = Process(
            self._processes,
            self.trouble,
            Random(f"process {self._processes} {self.random.random()}"),
            crash_at,
        )
        reader = ProcessReader(self.store.feed().reader, process)
        feed: Feed[Any] = Feed(reader, outages=Backoff(initial=0.05, maximum=1.0))
        options: dict[str, Any] = {
            "slices": self._slices,
            "recovery": Recovery(
                attempts=2,
                backoff=Backoff(initial=0.05, maximum=0.5),
                timeout=30.0,
                then="hold" if self.plan.holds else "park",
            ),
            "pace": Pace(page=7, commit_seconds=self.plan.commit_seconds, drain=4.0),
        }
        store = self.subscriptions_of(process, reader)
        runner: Subscription[Any] | Projection[Any, Any]
        handler = Handlers(self, process)
        if self.plan.kind == "events":
            runner = Subscription(NAME, feed, handler.handle, store, **options)
        elif self.plan.kind == "pages":
            runner = Projection(NAME, feed, handler.apply, store, clear=handler.clear, **options)
        else:
            runner = Projection(
                NAME,
                feed,
                handler.apply_view,
                store,
                transactions=ProcessTransactions(self.view, process),
                clear=handler.clear,
                **options,
            )
        runner._work.delivery = NotedDelivery(runner._work.delivery, handler)
        task = asyncio.ensure_future(self._run(runner, process))
        self.running.append((process, runner, task))
        return process

    def subscriptions_of(self, process: Process, reader: Any) -> SubscriptionStore:  # noqa: ARG002
        """Return the subscriptions as a process reaches them."""
        return ProcessStore(self.store.subscriptions, process)

    def number_of(self, lease: Lease) -> int:
        """Return the number of the generation of a lease; later generations have greater ones."""
        return lease.key.generation

    async def _run(self, runner: Any, process: Process) -> None:
        try:
            await runner.run()
        except SubscriptionMismatch:
            pass  # the number of slices changed before it had registered: it is deployed again
        except Exception as error:  # noqa: BLE001 - it is judged
            if not process.is_dead:
                self.failed.append(f"RAISED: {type(error).__name__}: {error}")

    async def append(self) -> None:
        """Append to some streams."""
        for stream_id in self.random.choices(self.streams, k=self.random.randint(0, 4)):
            count = self.random.choice([1, 1, 2, 3])
            done = await self.store.persist_events(stream_id, ["event"] * count)
            self.story.heads[stream_id] = done.version
            self.facts["appended"] += count
            for event in done.events:
                if self.random.random() < self.plan.poison:
                    self.poisoned.add((stream_id, event.version))

    async def happen(self) -> None:
        """Let something happen to members, or let an operator do something."""
        chance, plan = self.random.random, self.plan
        living = [each for each in self.running if not each[0].is_dead and not each[2].done()]
        if living and chance() < plan.kills:
            self.random.choice(living)[0].kill()
            self.facts["kills"] += 1
        if living and chance() < plan.stops:
            self.random.choice(living)[1].stop()
        living = [each for each in living if not each[0].is_dead and not each[2].done()]
        if living and chance() < plan.cuts:
            now = asyncio.get_running_loop().time()
            self.random.choice(living)[0].cut_off_until = now + chance() * 40
        if len(living) < plan.members or chance() < 0.1:
            self.start_member()
        with suppress(ResliceRefused):
            await self.operate()

    async def operate(self) -> None:
        """Let an operator do something."""
        admin, chance, plan = self.operator, self.random.random, self.plan
        known = [each.registration async for each in admin.all()]
        if not known:
            return
        if chance() < plan.resets:
            registration = await admin.reset(NAME, "beginning")
            self.note_reset(registration.generation)
            self.facts["resets"] += 1
        if chance() < plan.reslices:
            self._slices = self.random.randint(1, 6)
            await admin.reslice(NAME, self._slices)
            self.facts["reslices"] += 1
        if chance() < plan.parkings:
            self.facts["ops"] += 1
            operation = self.random.choice(self.plan.operations)
            await getattr(self, f"_{operation}")()

    def note_reset(self, generation: int) -> None:
        """Note that a generation begins with a reset."""
        self.story.resets.append(generation)

    def note_skip(self, stream_id: UUID, version: int, generation: int) -> None:
        """Note that an event was skipped."""
        self.story.skipped.append((stream_id, version, generation))

    async def _replay(self) -> None:
        await self.operator.replay(NAME)

    async def _skip(self) -> None:
        admin = self.operator
        rows = [row async for row in admin.parked(NAME) if row.waits]
        if rows:
            row = self.random.choice(rows)
            with suppress(NotParked):
                await admin.skip(NAME, row.stream_id, row.version, reason="bad", by="ann")
                generation = (await admin.checkpoints(NAME)).registration.generation
                self.note_skip(row.stream_id, row.version, generation)

    async def _park(self) -> None:
        await self.operator.park(NAME, self.random.choice(self.streams))

    async def _pause(self) -> None:
        await self.operator.pause(NAME)

    async def _resume(self) -> None:
        await self.operator.resume(NAME)

    async def _mend(self) -> None:
        for place in list(self.poisoned):
            if self.random.random() < 0.5:
                self.poisoned.discard(place)

    async def live(self, loop: Loop) -> GroupOutcome:
        """Run it, let everything calm down, and judge it."""
        for _ in range(self.plan.members):
            self.start_member()
        for _ in range(self.plan.rounds):
            await self.append()
            await self.happen()
            await asyncio.sleep(self.random.choice([0.001, 0.05, 0.5, 2.0, 7.0]))
        wrong = judge(self.story, loop.time(), has_view=self._view is not None)
        await self.calm_down()
        if self._is_desperate():
            self.start_member()
            await asyncio.sleep(5.0)  # it registers, if nobody has yet
        await self.admin.resume(NAME)
        if not self.plan.holds:
            await self._settle()
            wrong += judge_end(self.story, await self._rows(), self._view)
            self.facts["parked"] += len(await self._rows())
        self.poisoned.clear()
        for _ in range(20):
            await asyncio.sleep(20.0)
            if not await self._rows() and not judge_end(self.story, {}, self._view):
                break
            await self.admin.replay(NAME)
        await self._settle()
        wrong += judge_end(self.story, {}, self._view)
        wrong += [f"STUCK: {each.stream_id}" for each in (await self._rows()).values()]
        wrong += judge(self.story, loop.time(), has_view=self._view is not None)
        if self.plan.kind == "transactions":
            wrong += judge_view(self.story, self.view.view)
        for _, runner, _ in self.running:
            runner.stop()
        await asyncio.sleep(30.0)
        wrong += [
            f"UNENDED: process {process.number}"
            for process, _, task in self.running
            if not process.is_dead and not task.done()
        ]
        return GroupOutcome([*dict.fromkeys([*self.failed, *wrong])], self.facts)

    async def calm_down(self) -> None:
        """End all faults, and wait until late requests have arrived, and nobody stands still."""
        vars(self.trouble).update(vars(Trouble()))
        for process, _, _ in self.running:
            process.cut_off_until = 0.0
        await asyncio.sleep(60.0)

    @property
    def _view(self) -> dict[UUID, list[int]] | None:
        return self.view.view if self.plan.kind == "transactions" else None

    def _is_desperate(self) -> bool:
        return all(process.is_dead or task.done() for process, _, task in self.running)

    async def _settle(self) -> None:
        """
        Wait until every slice is at the end, or until nothing has moved for a long time.

        How long that takes is a matter of how many slow events are in one slice: no limit of it
        would be right. The checker says what is missing.
        """
        head = await self.store.feed().head()
        before, quiet = None, 0
        while quiet < 60:
            await asyncio.sleep(5.0)
            known = await self.admin.checkpoints(NAME)
            if known.registration.ready and min(known.positions) == head:
                return
            now = (known.registration.generation, known.registration.ready, known.positions)
            before, quiet = now, 0 if now != before else quiet + 1

    async def _rows(self) -> dict[UUID, Any]:
        return {row.stream_id: row async for row in self.admin.parked(NAME)}


class Handlers:
    """
    What the members do with events, and notes of under which lease they do it.

    Args:
        world: The world.
        process: The process.
    """

    def __init__(self, world: GroupWorld, process: Process) -> None:
        self._world = world
        self._process = process

    def begin(self, lease: Lease, event: FeedEvent[Any]) -> Handled:
        call = Handled(
            self._process,
            self._world.number_of(lease),
            lease.fence,
            event.stream_id,
            event.version,
            asyncio.get_running_loop().time(),
        )
        self._world.story.calls.append(call)
        return call

    def end(self, call: Handled, *, succeeded: bool) -> None:
        call.ended, call.succeeded = asyncio.get_running_loop().time(), succeeded

    async def handle(self, event: FeedEvent[Any]) -> None:
        await self._take_time(in_transaction=False)
        self._check(event)

    def _check(self, event: FeedEvent[Any]) -> None:
        """Fail for what is poisoned."""
        if (event.stream_id, event.version) in self._world.poisoned and (
            self._world.random.random() >= self._world.plan.flaky
        ):
            raise ValueError("poison")

    async def apply(self, _: None, events: Sequence[FeedEvent[Any]]) -> None:
        await self._take_time(in_transaction=False)
        for event in events:
            self._check(event)

    async def apply_view(
        self, view: dict[UUID, list[int]], events: Sequence[FeedEvent[Any]]
    ) -> None:
        await self._take_time(in_transaction=True)
        for event in events:
            self._check(event)
            view.setdefault(event.stream_id, []).append(event.version)

    async def clear(self, view: dict[UUID, list[int]] | None) -> None:
        await self._process.step(in_transaction=view is not None)
        if view is not None:
            view.clear()

    async def _take_time(self, *, in_transaction: bool) -> None:
        await self._process.step(in_transaction=in_transaction)
        if self._world.random.random() < self._world.plan.slow:
            try:
                await asyncio.sleep(self._world.random.choice([0.5, 3.0, 20.0]))
            except asyncio.CancelledError:
                # It takes a while to end, but less than a beat.
                with anyio.CancelScope(shield=True):
                    await asyncio.sleep(self._world.random.random() * 2.5)
                raise
        await self._process.step(in_transaction=in_transaction)


def simulate_group(seed: int, plan: GroupPlan | None = None) -> GroupOutcome:
    """Run one world; the same seed gives the same outcome."""
    return run_group(GroupWorld(seed, plan))


def run_group(world: "GroupWorld") -> GroupOutcome:
    """Run a world in virtual time, with ids and pauses that follow from its seed."""
    seed = world.seed
    logger = logging.getLogger("event_store_async")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    ids = Random(f"members {seed}")
    state = random.getstate()
    random.seed(f"pauses {seed}")  # of backoffs that are not arguments

    def new_id() -> UUID:
        return UUID(int=ids.getrandbits(128), version=4)

    try:
        with mock.patch(MEMBER_ID, new_id), world.patched(new_id):
            return run(world.live)
    finally:
        random.setstate(state)
        logger.setLevel(level)


__all__ = ["Died", "GroupOutcome", "GroupPlan", "GroupWorld", "run_group", "simulate_group"]
