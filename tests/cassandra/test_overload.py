"""More appends than can be served in time: an overload, said early, and never an outage."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    EventStore,
    NewEvent,
    StoreOverloaded,
    StoreUnavailable,
)
from event_store_async.maintenance import StoredEvent

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import Opening, read_all


@pytest.fixture
def opening(opening: Opening, faulty: FaultySession, gate: faults.Gate) -> Opening:
    """Give what opens a store with other settings, all of whose writes wait at a gate."""

    async def opened(**changes: Any) -> EventStore:
        store = await opening(**changes)
        faulty.always = gate
        return store

    return opened


@pytest.mark.parametrize("expected", [ANY, NO_STREAM], ids=["any", "no stream"])
async def test_appends_to_streams_of_their_own_are_refused_at_once_beyond_the_bound(
    opening: Opening, gate: faults.Gate, expected: Any
) -> None:
    """All at once, so that none of them has been sent when the next one comes."""
    store = await opening(max_pending=5, max_in_flight=2)
    streams = [uuid4() for _ in range(20)]
    appends = [asyncio.ensure_future(store.persist_events(it, ["a"], expected)) for it in streams]

    done, accepted = await asyncio.wait(appends, timeout=0.5)
    gate.opened.set()
    results = await asyncio.gather(*appends, return_exceptions=True)

    assert (len(done), len(accepted)) == (15, 5)
    assert all(isinstance(it.exception(), StoreOverloaded) for it in done)
    for stream, result in zip(streams, results, strict=True):
        refused = isinstance(result, StoreOverloaded)
        assert len(await read_all(store, stream)) == (0 if refused else 1)


async def test_appends_that_wait_for_several_streams_count_together(
    opening: Opening, gate: faults.Gate
) -> None:
    store = await opening(max_pending=6, max_waiting=4)
    one, other = uuid4(), uuid4()
    appends = [
        asyncio.ensure_future(store.persist_events(stream, ["a"]))
        for _ in range(3)
        for stream in (one, other)
    ]
    await gate.arrived.wait()

    for stream in (one, uuid4()):
        with pytest.raises(StoreOverloaded, match=r"6 appends .* 2 streams"):
            await store.persist_events(stream, ["too many"])
    gate.opened.set()
    await asyncio.gather(*appends)

    assert (len(await read_all(store, one)), len(await read_all(store, other))) == (3, 3)
    assert (await store.persist_events(one, ["later"])).version == 4


async def test_those_that_were_served_expired_or_cancelled_no_longer_count(
    opening: Opening, gate: faults.Gate, stream_id: UUID
) -> None:
    store = await opening(max_pending=4)
    first = asyncio.ensure_future(store.persist_events(stream_id, ["first"]))
    await gate.arrived.wait()
    for _ in range(3):
        late = [store.persist_events(stream_id, ["late"], timeout=0.05) for _ in range(3)]
        outcomes = await asyncio.gather(*late, return_exceptions=True)
        assert [type(it) for it in outcomes] == [StoreOverloaded] * 3
        assert store.statistics().appends_waiting == 0
    cancelled = asyncio.ensure_future(store.persist_events(stream_id, ["never"]))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.opened.set()
    await first
    await asyncio.gather(*[store.persist_events(stream_id, ["a"]) for _ in range(4)])

    assert len(await read_all(store, stream_id)) == 5
    assert store.statistics().appends_waiting == 0
    assert store.statistics().streams_appending == 0


NEVER_SENT: dict[str, Callable[[EventStore, UUID], Awaitable[Any]]] = {
    "at a version": lambda store, it: store.persist_events(it, ["a"], 0, timeout=0.2),
    "any": lambda store, it: store.persist_events(it, ["a"], timeout=0.2),
    "exists": lambda store, it: store.persist_events(it, ["a"], STREAM_EXISTS, timeout=0.2),
    "with ids": lambda store, it: store.persist_events(
        it, [NewEvent("a", event_id=uuid4())], timeout=0.2
    ),
    "nothing": lambda store, it: store.persist_events(it, [], 0, timeout=0.2),
    "restore": lambda store, it: store.storage.restore(
        [StoredEvent(it, 1, b'"a"', 1, uuid4(), None, "application/json", None)], timeout=0.2
    ),
}


@pytest.mark.parametrize("append", NEVER_SENT.values(), ids=NEVER_SENT)
async def test_what_was_never_sent_is_an_overload(
    opening: Opening, gate: faults.Gate, faulty: FaultySession, append: Any, stream_id: UUID
) -> None:
    """Whatever it needs the permit for: a read before it, or its own batch."""
    store = await opening(max_in_flight=1)
    first = asyncio.ensure_future(store.persist_events(uuid4(), ["first"], 0))
    await gate.arrived.wait()

    with pytest.raises(StoreOverloaded, match="too many requests are in flight"):
        await append(store, stream_id)

    assert faulty.sent == 1
    gate.opened.set()
    await first
    assert await read_all(store, stream_id) == []


async def test_an_outage_is_still_an_outage(
    opening: Opening, faulty: FaultySession, stream_id: UUID
) -> None:
    store = await opening(max_in_flight=1)
    faulty.always = faults.refuse_connection

    with pytest.raises(StoreUnavailable):
        await store.persist_events(stream_id, ["a"], 0, timeout=0.2)
