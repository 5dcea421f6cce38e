"""Turns: commands of one aggregate wait for each other, and no lock is left over."""

import asyncio
from uuid import UUID, uuid4

import pytest

from event_store_async.aggregates import CommandHandled, SnapshotCache
from event_store_async.aggregates.handler import Turns

from .bank import Account, Event, SpyStore, deposit, deposited, new_command, new_handler


async def test_commands_of_one_handler_never_conflict(store: SpyStore, account: UUID) -> None:
    handler = new_handler(store, cache=SnapshotCache())

    results = await asyncio.gather(
        *(handler.handle(new_command(account, deposit(1))) for _ in range(50))
    )

    assert (store.appends, store.reads) == (50, [1])
    versions = [result.after.version for result in results if isinstance(result, CommandHandled)]
    assert versions == list(range(1, 51)), "in the order of the calls"
    assert len(handler._turns) == 0


async def test_commands_of_other_aggregates_do_not_wait(store: SpyStore, account: UUID) -> None:
    handler = new_handler(store)
    started, released = asyncio.Event(), asyncio.Event()

    async def slow(_: Account) -> list[Event]:
        started.set()
        await released.wait()
        return [deposited(1)]

    waiting = asyncio.create_task(handler.handle(new_command(account, slow)))
    await started.wait()
    assert isinstance(await handler.handle(new_command(uuid4(), deposit(1))), CommandHandled)
    released.set()
    assert isinstance(await waiting, CommandHandled)


async def test_first_come_first_served(account: UUID) -> None:
    turns, served = Turns(), list[int]()

    async def use(number: int) -> None:
        async with turns.of(account):
            await asyncio.sleep(0)
            served.append(number)

    await asyncio.gather(*map(use, range(20)))
    assert served == list(range(20))


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_a_cancelled_caller_does_not_block_the_others(account: UUID, cancelled: int) -> None:
    turns, served, release = Turns(), list[int](), asyncio.Event()

    async def use(number: int) -> None:
        async with turns.of(account):
            await release.wait()
            served.append(number)

    tasks = [asyncio.create_task(use(number)) for number in range(3)]
    await asyncio.sleep(0)
    tasks[cancelled].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert served == [number for number in range(3) if number != cancelled]
    assert len(turns) == 0


async def test_a_failure_ends_its_turn(account: UUID) -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="mine"):
        async with turns.of(account):
            assert len(turns) == 1
            raise ValueError("mine")
    async with turns.of(account):
        pass
    assert len(turns) == 0
