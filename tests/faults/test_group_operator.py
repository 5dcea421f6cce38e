"""How long the operator of a chaos run waits for the groups at its end; in virtual time."""

import asyncio
import random
from typing import Any

from event_store_async import FeedEvent, MemoryEventStore

from ..subscriptions.group import append, simulated, streams, subscribed
from .group_operator import Operator

(A,) = streams(1)


def operator_of(store: MemoryEventStore) -> Operator:
    """Return the operator of a group called "test"; it records nothing."""
    anything: Any = store
    nothing: Any = None
    return Operator(anything, ["test"], nothing, random.Random(1))


async def slowly(_: FeedEvent[Any]) -> None:
    await asyncio.sleep(20)


def test_a_group_that_makes_progress_is_waited_for() -> None:
    async def program() -> float:
        store = MemoryEventStore()
        await append(store, *[A] * 30)
        running = asyncio.ensure_future(subscribed(store, slowly).catch_up())
        await asyncio.sleep(1)

        assert await operator_of(store).settle("test") == {}

        known = await store.subscriptions.checkpoints("test")
        assert known.positions == (await store.feed().head(),)
        await running
        return asyncio.get_running_loop().time()

    assert simulated(program) >= 600


def test_a_group_without_any_progress_is_given_up() -> None:
    async def program() -> float:
        store = MemoryEventStore()
        await subscribed(store, slowly).catch_up()
        await append(store, A)

        await operator_of(store).settle("test")

        known = await store.subscriptions.checkpoints("test")
        assert known.positions[0] < await store.feed().head()
        return asyncio.get_running_loop().time()

    assert 240 <= simulated(program) < 250


def test_a_stream_that_fails_whenever_it_is_replayed_is_given_up() -> None:
    async def fail(_: FeedEvent[Any]) -> None:
        raise ValueError("again")

    async def program() -> float:
        store = MemoryEventStore()
        await append(store, A)
        running = asyncio.ensure_future(subscribed(store, fail).run())
        await asyncio.sleep(1)
        loop = asyncio.get_running_loop()

        async with asyncio.timeout(100_000):
            left = await operator_of(store).settle("test")

        assert [(row.stream_id, row.version) for row in left.values()] == [(A, 1)]
        running.cancel()
        return loop.time()

    assert 240 <= simulated(program) < 1000
