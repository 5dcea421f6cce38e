"""Slices that cannot be claimed hold up no others; in virtual time."""

import asyncio
from itertools import pairwise
from unittest import mock
from uuid import UUID, uuid4

import pytest

from event_store_async import MemoryEventStore, StoreUnavailable
from event_store_async.subscriptions import Lease, SliceKey, Subscription

from .group import FAST, Notes, append, simulated, streams, subscribed, until

SLOWLY = 10.0
"""As long as a store waits for a quorum: longer than the time between two beats."""


@pytest.mark.parametrize("dead", [{0}, {0, 1, 5}, {7}])
def test_a_slice_that_cannot_be_claimed_keeps_no_other_from_being_claimed(dead: set[int]) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscriptions = store.subscriptions
        await append(store, *streams(40))
        claim = subscriptions.claim

        async def claimed(key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
            if key.slice in dead:
                await asyncio.sleep(SLOWLY)
                raise StoreUnavailable("no quorum for this slice")
            return await claim(key, member, seen_fence)

        with mock.patch.object(subscriptions, "claim", claimed):
            subscription = Subscription(
                "test", store.feed(), notes.handle, subscriptions, slices=8, recovery=FAST
            )
            task = asyncio.ensure_future(subscription.run())
            await until(lambda: subscription.health().slices_held == 8 - len(dead), seconds=60)
            least = 8
            for _ in range(120):
                await asyncio.sleep(1.0)
                least = min(least, subscription.health().slices_held)
            assert least == 8 - len(dead)  # and its beats are in time
        await until(lambda: subscription.health().slices_held == 8, seconds=60)
        await until(lambda: len(notes.got) == 40)
        subscription.stop()
        await task

    simulated(program)


def test_claims_end_at_the_next_beat() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscriptions = store.subscriptions
        beat, claim = subscriptions.beat, subscriptions.claim
        beats, loop = list[float](), asyncio.get_running_loop()

        async def told(*args: object) -> object:
            beats.append(loop.time())
            return await beat(*args)  # type: ignore[arg-type]

        async def claimed(key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
            await asyncio.sleep(1.0)
            return await claim(key, member, seen_fence)

        with (
            mock.patch.object(subscriptions, "beat", told),
            mock.patch.object(subscriptions, "claim", claimed),
        ):
            subscription = Subscription(
                "test", store.feed(), notes.handle, subscriptions, slices=40, recovery=FAST
            )
            task = asyncio.ensure_future(subscription.run())
            await until(lambda: subscription.health().slices_held == 40, seconds=60)
            pauses = [after - before for before, after in pairwise(beats)]
            assert max(pauses) <= 4.0
            subscription.stop()
            await task

    simulated(program)


def test_a_slice_that_cannot_be_given_back_keeps_no_other_from_being_claimed() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscriptions = store.subscriptions
        await append(store, *streams(40))
        claim, release = subscriptions.claim, subscriptions.release
        releases = list[int]()

        async def claimed(key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
            if key.slice != 0 and len(releases) < 2:
                raise StoreUnavailable("not before the first slice is to be given back")
            return await claim(key, member, seen_fence)

        async def released(lease: Lease) -> None:
            releases.append(lease.key.slice)
            if lease.key.slice == 0:
                await asyncio.sleep(SLOWLY)
                raise StoreUnavailable("no quorum for this slice")
            await release(lease)

        subscription = Subscription(
            "test", store.feed(), notes.handle, subscriptions, slices=4, recovery=FAST
        )
        with (
            mock.patch.object(subscriptions, "claim", claimed),
            mock.patch.object(subscriptions, "release", released),
        ):
            task = asyncio.ensure_future(subscription.catch_up())
            await until(lambda: len(notes.got) == 40, seconds=60)
        await asyncio.wait_for(task, 60.0)

    simulated(program)


@pytest.mark.parametrize("members", [1, 3])
def test_claims_without_an_answer_do_not_hold_up_another_number_of_slices(members: int) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscriptions = store.subscriptions
        await append(store, *streams(40))
        claim = subscriptions.claim
        unanswered = set[int]()

        async def claimed(key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
            lease = await claim(key, member, seen_fence)
            unanswered.add(key.slice)
            raise StoreUnavailable(f"nobody is told of {lease}")

        group = [
            Subscription("test", store.feed(), notes.handle, subscriptions, slices=4, recovery=FAST)
            for _ in range(members)
        ]
        with mock.patch.object(subscriptions, "claim", claimed):
            tasks = [asyncio.ensure_future(each.run()) for each in group]
            await until(lambda: len(unanswered) == 4, seconds=60)
            await subscriptions.reslice("test", 2)
        await until(lambda: len(notes.got) == 40, seconds=60)
        assert (await subscriptions.checkpoints("test")).registration.slices == 2
        for each in group:
            each.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 60.0)

    simulated(program)


def test_catch_up_waits_for_a_replay_in_a_slice_that_a_dead_member_holds() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        (stream,) = streams(1)
        await append(store, stream, stream)
        notes.failing[stream, 1] = ValueError("poison")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()
        notes.failing.clear()
        await store.subscriptions.replay("test")
        registration = (await store.subscriptions.checkpoints("test")).registration
        for fence in range(10):  # a process that claims the slice, and dies
            key = SliceKey("test", registration.generation, 0)
            if await store.subscriptions.claim(key, uuid4(), fence) is not None:
                break

        await subscription.catch_up()
        assert notes.got == [(stream, 1), (stream, 2)]

    simulated(program)
