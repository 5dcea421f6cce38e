"""A table or keyspace that is dropped while a store is connected: each call says so at once."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    EventStore,
    NewEvent,
    RestoreOutcomeUnknown,
    SchemaMissing,
    SchemaOutdated,
    StoreUnavailable,
)
from event_store_async.maintenance import StoredEvent

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace, read_all, run_cql
from .test_statements import QUESTIONS

LONG = replace(QUICK, timeout=600.0)
"""Calls that wait for their deadline fail by the limit of a test."""

Call = Callable[[EventStore, UUID], Awaitable[Any]]


async def scanned(store: EventStore) -> list[Any]:
    return [each async for each in store.storage.scan_streams()]


async def stored(store: EventStore, stream_id: UUID) -> list[Any]:
    return [each async for each in store.storage.read_stored(stream_id)]


def event(stream_id: UUID) -> StoredEvent:
    return StoredEvent(stream_id, 2, b'"b"', 1, uuid4(), None, "application/json", None)


APPENDS: dict[str, Call] = {
    "append": lambda store, stream: store.persist_events(stream, ["b"], ANY),
    "append to one that exists": lambda store, stream: store.persist_events(
        stream, ["b"], STREAM_EXISTS
    ),
    "append at a version": lambda store, stream: store.persist_events(stream, ["b"], 1),
    "append with ids": lambda store, stream: store.persist_events(
        stream, [NewEvent("b", event_id=uuid4())]
    ),
    "restore": lambda store, stream: store.storage.restore([event(stream)]),
}
CALLS: dict[str, Call] = APPENDS | {
    "append nothing": lambda store, stream: store.persist_events(stream, [], 1),
    "read": read_all,
    "read backward": lambda store, stream: read_all(store, stream, backward=True),
    "serial read": lambda store, stream: read_all(store, stream, serial=True),
    "version": lambda store, stream: store.current_version(stream),
    "scan": lambda store, _: scanned(store),
    "tail": lambda store, stream: store.storage.tail(stream),
    "next version": lambda store, stream: store.storage.next_version(stream, 1),
    "read as stored": stored,
}


@pytest.fixture
async def dropped(server: Server, store: EventStore) -> AsyncGenerator["Dropped", None]:
    """Give a store of its own keyspace, which has one stream."""
    keyspace = f"test_{uuid4().hex[:12]}"
    faulty = FaultySession(store._engine.session.raw)
    async with EventStore(faulty, keyspace=keyspace, settings=LONG) as opened:
        await opened.create_schema(server.replication)
        stream_id = uuid4()
        await opened.persist_events(stream_id, ["a"])
        yield Dropped(opened, faulty, keyspace, stream_id)
    await drop_keyspace(store, keyspace)


class Dropped:
    """What the tests work with."""

    def __init__(
        self, store: EventStore, faulty: FaultySession, keyspace: str, stream_id: UUID
    ) -> None:
        self.store = store
        self.faulty = faulty
        self.keyspace = keyspace
        self.stream_id = stream_id

    async def drop(self, what: str) -> None:
        table = f"{self.keyspace}.events"
        name = {"TABLE": table, "KEYSPACE": self.keyspace}[what]
        await run_cql(self.store, f"DROP {what} {name}")


@pytest.mark.parametrize("what", ["TABLE", "KEYSPACE"])
@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "not prepared"])
async def test_every_call_says_at_once_that_the_table_is_gone(
    dropped: Dropped, what: str, prepared: bool
) -> None:
    """Also a call whose statement is prepared only now, and the first one after the drop."""
    store, stream_id = dropped.store, dropped.stream_id
    if prepared:
        for name in CALLS.keys() - APPENDS.keys():
            await CALLS[name](store, stream_id)
    await dropped.drop(what)

    for name, call in CALLS.items():
        with pytest.raises(SchemaMissing):
            await call(store, stream_id)
        assert (await store.schema_state()).table_id is None, name


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_first_call_after_a_drop_says_so(dropped: Dropped, call: Call) -> None:
    await dropped.drop("TABLE")

    with pytest.raises(SchemaMissing):
        await call(dropped.store, dropped.stream_id)


async def test_a_store_works_on_once_its_schema_is_created_again(
    dropped: Dropped, server: Server
) -> None:
    await dropped.drop("KEYSPACE")
    with pytest.raises(SchemaMissing):
        await dropped.store.persist_events(dropped.stream_id, ["b"])

    await dropped.store.create_schema(server.replication)

    assert (await dropped.store.persist_events(dropped.stream_id, ["b"])).version == 1


async def test_appends_that_wait_together_each_learn_it(dropped: Dropped) -> None:
    await dropped.drop("TABLE")

    outcomes = await asyncio.gather(
        *[dropped.store.persist_events(dropped.stream_id, [number]) for number in range(20)],
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [SchemaMissing] * 20
    assert len({id(outcome) for outcome in outcomes}) == 20


async def test_a_column_that_was_dropped_is_told_as_well(dropped: Dropped) -> None:
    await run_cql(dropped.store, f"ALTER TABLE {dropped.keyspace}.events DROP metadata")

    with pytest.raises(SchemaOutdated):
        await dropped.store.persist_events(dropped.stream_id, [NewEvent("b", metadata={"c": 1})], 1)


@pytest.mark.parametrize("append", APPENDS.values(), ids=APPENDS)
async def test_what_may_have_been_stored_before_the_drop_is_unknown(
    dropped: Dropped, append: Call
) -> None:
    """The answer to the first request is lost, and then there is no table."""

    async def stores_and_drops(send: faults.Send) -> Any:
        try:
            return await faults.lose_answer(send)
        finally:
            await dropped.drop("TABLE")

    dropped.faulty.batches.append(stores_and_drops)

    with pytest.raises((AppendOutcomeUnknown, RestoreOutcomeUnknown)) as caught:
        await append(dropped.store, dropped.stream_id)

    assert isinstance(caught.value.__cause__, SchemaMissing)


async def test_an_outage_is_not_taken_for_a_missing_table_and_shares_one_look(
    dropped: Dropped,
) -> None:
    store, faulty = dropped.store, dropped.faulty
    await store.current_version(dropped.stream_id)
    faulty.always = faults.refuse_connection
    asked = faulty.read

    outcomes = await asyncio.gather(
        *[store.persist_events(uuid4(), ["b"], 0, timeout=0.5) for _ in range(50)],
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 50
    # On a slow machine, their time is up before the look has asked all of its questions; or a look
    # is over before the last of them begin one more. A look for each would ask 300 questions.
    assert 0 < faulty.read - asked <= 4 * QUESTIONS
