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
