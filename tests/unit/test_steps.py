"""One step of a read that is cancelled ends the read, as docs/reading.md says; a task does not."""

import asyncio
from uuid import uuid4

import pytest

from event_store_async import MemoryEventStore
from event_store_async.testing import HostileEventStore, Injection


class Slow:
    """A store with two events, whose first step takes until it is let go."""

    def __init__(self) -> None:
        self.stream_id = uuid4()
        self.go = asyncio.Event()
        self._memory = MemoryEventStore()
        self.store = HostileEventStore(
            self._memory, seed=1, script=[Injection.DELAY], sleep=lambda _: self.go.wait()
        )

    async def fill(self) -> None:
        await self._memory.persist_events(self.stream_id, ["a", "b"])


async def test_a_timeout_around_one_step_ends_the_read() -> None:
    slow = Slow()
    await slow.fill()
    events = slow.store.read_events(slow.stream_id)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(events)
    slow.go.set()

    assert [event.version async for event in events] == [], "Python's rule, not ours"


async def test_a_step_in_a_task_can_be_waited_for_again() -> None:
    slow = Slow()
    await slow.fill()
    events = slow.store.read_events(slow.stream_id)

    step = asyncio.ensure_future(anext(events))
    done, _ = await asyncio.wait({step}, timeout=0)
    assert not done
    slow.go.set()

    assert (await step).version == 1
    assert [event.version async for event in events] == [2]
