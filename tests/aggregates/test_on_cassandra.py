"""Commands on Cassandra: several handlers share an account, each with its own store and cache."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest_asyncio

from event_store_async import EventStore, Settings
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandResult,
    Rejected,
    RetryPolicy,
    SnapshotCache,
)

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, read_all
from .bank import Account, Decider, Event, deposit, new_handler, withdraw

RETRY = RetryPolicy(attempts=1000)
PATIENT = Settings(timeout=100)
"""For many commands on one stream at the same time."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cassandra(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store on Cassandra with its table; the fixture `store` is in memory here."""
    async with server.connect(keyspace) as opened:
        await opened.create_schema(server.replication)
        yield opened
        await drop_keyspace(opened, keyspace)


async def spread(
    server: Server, keyspace: str, account: UUID, decisions: list[Decider]
) -> tuple[list[Command[Account, Event]], list[CommandResult[Account, Event]]]:
    """Carry out commands at once with four handlers, then repeat each with another handler."""
    commands = [Command(account, decide) for decide in decisions]
    async with AsyncExitStack() as stack:
        opening = [server.connect(keyspace, settings=PATIENT) for _ in range(4)]
        stores = [await stack.enter_async_context(each) for each in opening]
        handlers = [new_handler(each, cache=SnapshotCache(), retry=RETRY) for each in stores]
        results = await asyncio.gather(
            *(handlers[index % 4].handle(each) for index, each in enumerate(commands))
        )
        for index, (each, result) in enumerate(zip(commands, results, strict=True)):
            again = await handlers[(index + 1) % 4].handle(each)
            if isinstance(result, CommandHandled):
                assert isinstance(again, CommandHandled)
                assert again.handled_earlier
                assert again.events == result.events
                assert (again.before, again.after) == (result.before, result.after)
            else:
                assert again == result
    return commands, results


async def test_concurrent_commands_are_each_carried_out_once(
    server: Server, keyspace: str, cassandra: EventStore
) -> None:
    account = uuid4()

    commands, results = await spread(server, keyspace, account, [deposit(1)] * 64)

    assert all(isinstance(result, CommandHandled) for result in results)
    events = await read_all(cassandra, account)
    assert [event.version for event in events] == list(range(1, 65))
    assert {event.event_id for event in events} == {each.event_id(0) for each in commands}
    assert sum(event.payload["deposited"] for event in events) == 64


async def test_an_account_is_never_overdrawn(
    server: Server, keyspace: str, cassandra: EventStore
) -> None:
    account = uuid4()
    await new_handler(cassandra).handle(Command(account, deposit(100)))

    _, results = await spread(server, keyspace, account, [withdraw(15)] * 32)

    assert Counter(map(type, results)) == {CommandHandled: 6, Rejected: 26}
    rejected = [result for result in results if isinstance(result, Rejected)]
    assert {result.reason for result in rejected} == {"only 10 left"}
    balance = 0
    for event in await read_all(cassandra, account):
        balance += event.payload.get("deposited", 0) - event.payload.get("withdrawn", 0)
        assert balance >= 0
    assert balance == 10


async def test_commands_on_streams_of_which_events_are_gone(
    server: Server, keyspace: str, cassandra: EventStore
) -> None:
    deleted, truncated = uuid4(), uuid4()
    cached, uncached = new_handler(cassandra, cache=SnapshotCache()), new_handler(cassandra)
    async with server.connect(keyspace) as other:
        for account in (deleted, truncated):
            await cached.handle(Command(account, deposit(100)))
            await other.persist_events(account, [{"deposited": 1}] * 9)
        await other.delete_stream(deleted)
        await other.truncate_stream(truncated, before=8)

    first = await uncached.handle(Command(deleted, deposit(5)))
    second = await cached.handle(Command(deleted, deposit(6)))
    third = await cached.handle(Command(truncated, deposit(7)))

    assert isinstance(first, CommandHandled)
    assert (first.before.version, first.after.aggregate) == (10, Account(5, 1))
    assert isinstance(second, CommandHandled)
    assert (second.after.version, second.after.aggregate) == (12, Account(11, 2))
    assert isinstance(third, CommandHandled)
    assert (third.after.version, third.after.aggregate) == (11, Account(10, 4))
