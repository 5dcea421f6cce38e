"""
Subscriptions under faults: what a call says of its outcome is true, and repeating it settles it.

Each operation meets every pair of a first fault and a last one, is cancelled while its request is
under way, and has requests that arrive after it has ended. What is stored is read by another
process.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import (
    EventStore,
    EventStoreError,
    LeaseLost,
    NotParked,
    Position,
    RequestRefused,
    StoreClosed,
    StoreUnavailable,
)
from event_store_async.feeds.selection import slice_of
from event_store_async.subscriptions import (
    Beat,
    Lease,
    ParkedStream,
    SliceKey,
    Subscriptions,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import Behaviour, FaultySession, Gate
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace
from ..fixtures.time import PassingTime, UntilItsDeadline
from .test_promises import Late, arrives_late, closed, passes

FEED = uuid4()
PLACES = [Position(FEED, entry, 1, entry) for entry in range(10)]
QUIET = replace(QUICK, sequences=False)
PARKED = UUID(int=1, version=4)
OTHER = UUID(int=2, version=4)

CERTAIN = (LeaseLost, NotParked, RequestRefused, StoreClosed)
"""The errors that say that nothing was changed."""

FIRST = [
    passes,
    arrives_late,
    faults.lose_answer,
    faults.lose_request,
    faults.commit_unavailable,
    faults.refuse,
    closed,
]
LAST = [faults.lose_request, faults.refuse, closed, passes]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_keyspace(server: Server, keyspace: str) -> AsyncGenerator[str, None]:
    """Give a keyspace whose table has a feed that nobody sequences."""
    name = f"{keyspace}_unsure"
    async with server.connect(name, settings=QUIET) as store:
        await store.create_schema(server.replication, feed=True)
        yield name
        await drop_keyspace(store, name)


@pytest_asyncio.fixture
async def opened(server: Server, feed_keyspace: str) -> AsyncGenerator[EventStore, None]:
    async with server.connect(feed_keyspace, settings=QUIET) as store:
        yield store


@pytest.fixture
def another(opened: EventStore) -> Subscriptions:
    """Give the subscriptions of another process, without faults."""
    return opened.subscriptions


@pytest_asyncio.fixture
async def faulty(server: Server, feed_keyspace: str) -> AsyncGenerator[FaultySession, None]:
    async with server.connect(feed_keyspace, settings=QUIET) as store:
        yield FaultySession(store._engine.session.raw)


@pytest_asyncio.fixture
async def flaky(
    faulty: FaultySession, feed_keyspace: str, another: Subscriptions
) -> AsyncGenerator[Subscriptions, None]:
    """Give the subscriptions of a store on a session with faults, with its statements prepared."""
    async with EventStore(faulty, keyspace=feed_keyspace, settings=QUIET) as store:
        for operation in OPERATIONS.values():
            scene = await Scene.set(another)
            with suppress(LeaseLost):
                await operation(store.subscriptions, scene)
        yield store.subscriptions


@dataclass
class Scene:
    """
    A subscription with two slices, of which one is held.

    Attributes:
        name: Its name.
        lease: The lease of slice 0, in which `PARKED` waits, and `OTHER` does not.
        free: Slice 1, which nobody has claimed.
    """

    name: str
    lease: Lease
    free: SliceKey

    @classmethod
    async def set(cls, subscriptions: Subscriptions) -> "Scene":
        name, member = f"test-{uuid4().hex}", uuid4()
        await subscriptions.register(name, 2, PLACES[0])
        lease = await subscriptions.claim(SliceKey(name, 1, slice_of_parked()), member, 0)
        assert lease is not None
        lease = await subscriptions.commit(lease, PLACES[1], {PARKED: row(PARKED)})
        return cls(name, lease, SliceKey(name, 1, 1 - slice_of_parked()))


def slice_of_parked() -> int:
    return slice_of(PARKED, 2)


def row(stream_id: UUID, **fields: Any) -> ParkedStream:
    facts: dict[str, Any] = {
        "version": 3,
        "last_version": 5,
        "after": PLACES[0],
        "last_position": PLACES[1],
        "type": None,
        "error": "ValueError: no",
        "attempts": 5,
        "since": datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return ParkedStream(stream_id, **(facts | fields))


# The operations. Each is one that another process could repeat, and says so if it is done.

MEMBER = UUID(int=3, version=4)


async def claim(subscriptions: Subscriptions, scene: Scene) -> Any:
    known = (await subscriptions.checkpoints(scene.name)).registration
    roster = await subscriptions.beat(scene.name, MEMBER, Beat(known.generation, 1))
    holder, fence = roster.holders.get(scene.free.slice, (None, 0))
    # As members do: what they hold by a claim whose answer was lost, they claim again.
    assert holder in {None, MEMBER}
    return await subscriptions.claim(scene.free, MEMBER, fence)


async def commit(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.commit(scene.lease, PLACES[2], {OTHER_HERE: row(OTHER_HERE)})


async def release(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.release(scene.lease)


async def park(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.park(scene.name, OTHER_HERE)


async def skip(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.skip(scene.name, PARKED, 3, reason="why", by="who")


async def replay(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.replay(scene.name, PARKED)


async def replay_all(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.replay(scene.name)


async def reset(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.reset(scene.name, "now")


async def reslice(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.reslice(scene.name, 5)


async def pause(subscriptions: Subscriptions, scene: Scene) -> Any:
    return await subscriptions.pause(scene.name)


def other_in_its_slice() -> UUID:
    found = OTHER
    while slice_of(found, 2) != slice_of(PARKED, 2):
        found = UUID(int=found.int + 1)
    return found


OTHER_HERE = other_in_its_slice()

Operation = Callable[[Subscriptions, Scene], Awaitable[Any]]
OPERATIONS: dict[str, Operation] = {
    "claim": claim,
    "commit": commit,
    "release": release,
    "park": park,
    "skip": skip,
    "replay": replay,
    "replay all": replay_all,
    "reset": reset,
    "reslice": reslice,
    "pause": pause,
}


async def prepared(name: str, flaky: Subscriptions, another: Subscriptions) -> Scene:
    """Set a scene for an operation."""
    scene = await Scene.set(another)
    if name == "reslice":  # it is done at once if nobody works
        await another.release(scene.lease)
    elif name != "claim":  # the slice is held by this process
        await flaky.refresh(scene.lease)
    return scene


@dataclass
class Seen:
    """What another process sees of a subscription."""

    registration: Any
    positions: tuple[Position, ...]
    parked: dict[UUID, ParkedStream]
    skipped: int
    holders: dict[int, tuple[UUID | None, int]]


async def seen(subscriptions: Subscriptions, scene: Scene) -> Seen:
    checkpoints = await subscriptions.checkpoints(scene.name)
    known = checkpoints.registration
    roster = await subscriptions.beat(scene.name, uuid4(), Beat(known.generation, 1))
    # That members are told to look again is no change.
    return Seen(
        replace(known, requests=0),
        checkpoints.positions,
        {each.stream_id: each async for each in subscriptions.parked(scene.name)},
        len([each async for each in subscriptions.skipped(scene.name)]),
        dict(roster.holders),
    )


DONE: dict[str, Callable[[Scene, Seen], bool]] = {
    "claim": lambda scene, now: now.holders.get(scene.free.slice, (None, 0))[0] == MEMBER,
    "commit": lambda scene, now: (
        now.positions[scene.lease.key.slice] == PLACES[2] and OTHER_HERE in now.parked
    ),
    "release": lambda scene, now: now.holders[scene.lease.key.slice][0] is None,
    "park": lambda _, now: OTHER_HERE in now.parked,
    "skip": lambda _, now: now.parked[PARKED].version == 4 and now.skipped >= 1,
    "replay": lambda _, now: now.parked[PARKED].replay,
    "replay all": lambda _, now: now.parked[PARKED].replay,
    "reset": lambda _, now: now.registration.generation >= 2 and not now.parked,
    "reslice": lambda _, now: now.registration.slices == 5 and PARKED in now.parked,
    "pause": lambda _, now: bool(now.registration.paused),
}
"""Whether an operation was carried out, once or more often."""


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_a_call_says_of_its_outcome_is_true(
    flaky: Subscriptions,
    another: Subscriptions,
    faulty: FaultySession,
    passing_time: PassingTime,
    name: str,
) -> None:
    operation, broken = OPERATIONS[name], list[tuple[Any, ...]]()
    for first, last in product(FIRST, LAST):
        scene, late = await prepared(name, flaky, another), Late()
        before = await seen(another, scene)
        faulty.batches.append(late if first is arrives_late else first)
        faulty.always = None if last is passes else UntilItsDeadline(last, passing_time)
        outcome: Any
        try:
            outcome = await operation(flaky, scene)
        except EventStoreError as error:
            outcome = error
        faulty.always = None
        faulty.batches.clear()
        await late.arrive()
        after = await seen(another, scene)
        if isinstance(outcome, CERTAIN):
            said_the_truth = after == replace(before, skipped=after.skipped)
        elif isinstance(outcome, EventStoreError):
            said_the_truth = isinstance(outcome, StoreUnavailable)
        else:
            said_the_truth = DONE[name](scene, after)
        if not said_the_truth:
            broken.append((first.__name__, last.__name__, repr(outcome), before, after))
        again: Any
        try:
            again = await operation(flaky, scene)
        except EventStoreError as error:
            again = error
        settled = await seen(another, scene)
        # What is done already is refused, or done again.
        if isinstance(again, EventStoreError) and not isinstance(again, CERTAIN):
            broken.append((first.__name__, last.__name__, "repeated", repr(again)))
        if not DONE[name](scene, settled):
            broken.append((first.__name__, last.__name__, "not settled", repr(again), settled))
    assert broken == []


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_cancelled_call_can_be_repeated(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str
) -> None:
    """Whichever of its requests is under way; and that request arrives nevertheless."""
    at = 0
    while True:
        scene, gate = await prepared(name, flaky, another), Gate()
        faulty.batches.extend([*[passes] * at, gate])
        doing = asyncio.ensure_future(OPERATIONS[name](flaky, scene))
        arriving = asyncio.ensure_future(gate.arrived.wait())
        await asyncio.wait([doing, arriving], return_when=asyncio.FIRST_COMPLETED)
        if not gate.arrived.is_set():  # it has no more requests
            arriving.cancel()
            await doing
            faulty.batches.clear()
            break
        doing.cancel()
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await doing
        faulty.batches.clear()
        with suppress(LeaseLost, NotParked):  # it is done already
            await OPERATIONS[name](flaky, scene)
        assert DONE[name](scene, await seen(another, scene)), f"request {at}"
        at += 1

    assert at > 0


# What arrives late, after others have gone on


async def taken_over(another: Subscriptions, scene: Scene) -> None:
    """Let another member have the slice, and work on it."""
    fence = scene.lease.fence
    lease = await another.claim(scene.lease.key, uuid4(), fence)
    if lease is None:  # it was released
        lease = await another.claim(scene.lease.key, uuid4(), fence + 1)
    assert lease is not None
    lease = await another.commit(lease, PLACES[3], {PARKED: None})
    await another.claim(scene.free, uuid4(), 0)
    await another.resume(scene.name)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_request_that_arrives_late_changes_nothing_that_others_did_since(
    flaky: Subscriptions,
    another: Subscriptions,
    faulty: FaultySession,
    passing_time: PassingTime,
    name: str,
) -> None:
    scene, late = await prepared(name, flaky, another), Late()
    faulty.always = UntilItsDeadline(late, passing_time)
    if name == "pause":
        await another.pause(scene.name)
        await another.resume(scene.name)
    with pytest.raises(StoreUnavailable):
        await OPERATIONS[name](flaky, scene)
    faulty.always = None
    await taken_over(another, scene)
    if name in {"reset", "reslice", "pause"}:
        await another.reset(scene.name, "now")
    before = await seen(another, scene)

    await late.arrive()

    assert await seen(another, scene) == before


@pytest.mark.parametrize("fault", [faults.lose_answer, faults.lose_request])
async def test_a_commit_in_doubt_does_not_say_that_nothing_was_changed(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, fault: Behaviour
) -> None:
    """Another member has claimed the slice before the repetition: nobody can tell any more."""
    scene = await Scene.set(another)
    await flaky.refresh(scene.lease)
    found: list[Lease | None] = []

    async def overtaken(send: faults.Send) -> Any:
        try:
            return await fault(send)
        finally:
            taking = another.claim(scene.lease.key, uuid4(), scene.lease.fence)
            found.append(await asyncio.ensure_future(taking))

    faulty.batches.append(overtaken)
    with pytest.raises(StoreUnavailable):
        await commit(flaky, scene)

    assert found[0] is not None
    with pytest.raises(LeaseLost):
        await commit(flaky, scene)


async def test_a_release_in_doubt_is_done(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession
) -> None:
    scene = await Scene.set(another)
    await flaky.refresh(scene.lease)
    found: list[Lease | None] = []

    async def overtaken(send: faults.Send) -> Any:
        try:
            return await faults.lose_answer(send)
        finally:
            taking = another.claim(scene.lease.key, uuid4(), scene.lease.fence + 1)
            found.append(await asyncio.ensure_future(taking))

    faulty.batches.append(overtaken)
    await release(flaky, scene)

    assert found[0] is not None
    assert await another.refresh(found[0]) == found[0]
