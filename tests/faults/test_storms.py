"""Storms of calls: all are answered, and they leave nothing behind."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, Persisted, Settings

from ..history.check import check
from ..history.history import load_all
from ..history.recorder import Recorder
from ..history.stalls import Stalls
from .caller import Caller
from .events import event_of
from .footprint import Footprint, settled
from .settlement import read_all, settle

MEGABYTE = 1024 * 1024
STORM = 20_000
AT_ONCE = 200


async def abandon(store: EventStore, stream: UUID) -> None:
    """Start a read and leave it after its first event."""
    async for _ in store.read_events(stream, page_size=2):
        break


async def leave(call: Awaitable[object], after: float) -> None:
    """Make a call and cancel it after some seconds."""
    task = asyncio.ensure_future(call)
    await asyncio.wait((task,), timeout=after)
    task.cancel()
    await asyncio.wait((task,))


async def storm(
    store: EventStore, caller: Caller, streams: list[str], calls: int, rng: random.Random
) -> None:
    """Make calls and cancel them, at moments from before they start until after they end."""

    async def task(count: int) -> None:
        for _ in range(count):
            stream, kind = rng.choice(streams), rng.random()
            call: Awaitable[object]
            if kind < 0.5:
                events = [event_of(uuid4()) for _ in range(rng.randint(1, 3))]
                call = caller.append(stream, events, "any", 10.0)
            elif kind < 0.8:
                call = caller.read(stream, None, 20, backward=rng.random() < 0.5)
            else:
                call = abandon(store, UUID(stream))
            await leave(call, rng.choice((0, rng.expovariate(100), rng.expovariate(10))))

    await asyncio.gather(*(task(calls // AT_ONCE) for _ in range(AT_ONCE)))


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_20_000_cancelled_calls_leave_nothing_behind(
    store: EventStore, keyspace: str, tmp_path: Path
) -> None:
    rng = random.Random(7)
    streams = [str(uuid4()) for _ in range(100)]
    with Recorder(tmp_path / "storm.jsonl", "storm") as recorder, Stalls(recorder.stalled):
        caller = Caller(store, recorder, store._engine.settings.timeout)
        await storm(store, caller, streams, STORM // 10, rng)  # pools and caches fill up
        before = await settled(Footprint.now())

        await storm(store, caller, streams, STORM, rng)

        after = await settled(before)
        settler = _settler(store, keyspace, recorder)
        await settle(settler, load_all(tmp_path))
        await read_all(settler, load_all(tmp_path).streams)
    verdict = check(load_all(tmp_path))
    assert after.tasks <= before.tasks
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads
    assert after.memory <= before.memory + 32 * MEGABYTE
    assert verdict.violations == []
    assert verdict.counts["cancelled"] > STORM // 10
    assert len(store._engine.queues) == 0
    assert store._engine.session.in_flight == 0


def _settler(store: EventStore, keyspace: str, recorder: Recorder) -> Caller:
    # Since the callers left, the streams have grown by more than the usual look-back.
    settings = Settings(look_back=100_000)
    patient = EventStore(store._engine.session.raw, keyspace=keyspace, settings=settings)
    return Caller(patient, recorder, settings.timeout)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_10_000_callers_at_once_are_all_answered(store: EventStore) -> None:
    streams = [uuid4() for _ in range(1000)]
    before = Footprint.now()

    outcomes = await _outcomes(
        store.persist_events(streams[number % len(streams)], [number], timeout=200)
        for number in range(10_000)
    )

    after = await settled(before)
    assert outcomes == {Persisted: 10_000}
    versions = await asyncio.gather(*map(store.current_version, streams))
    assert set(versions) == {10}
    assert after.tasks <= before.tasks
    assert after.memory <= before.memory + 128 * MEGABYTE


async def _outcomes(calls: Iterable[Awaitable[object]]) -> Counter[type]:
    return Counter(map(type, await asyncio.gather(*calls, return_exceptions=True)))
