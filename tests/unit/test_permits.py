"""Permits: a bounded number, one queue for tasks and callbacks, and none is ever lost."""

import asyncio

import pytest

from event_store_async.cassandra.driver.request import Permits


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_the_number_of_permits_is_bounded() -> None:
    permits = Permits(2)

    assert [permits.take() for _ in range(3)] == [True, True, False]
    permits.give_back()
    assert (permits.value, permits.take(), permits.value) == (1, True, 0)


async def test_tasks_and_callbacks_wait_in_one_queue() -> None:
    permits = Permits(0)
    order: list[str] = []

    def granted(name: str) -> bool:
        order.append(name)
        return True

    async def task(name: str) -> None:
        await permits.wait()
        order.append(name)

    permits.ask("a", lambda: granted("a"))
    async with asyncio.TaskGroup() as group:
        group.create_task(task("b"))
        await settled()
        permits.ask("c", lambda: granted("c"))
        for _ in range(3):
            permits.give_back()
            await settled()

    assert order == ["a", "b", "c"]
    assert permits.value == 0


def test_a_permit_that_is_not_taken_goes_to_the_next() -> None:
    permits = Permits(0)
    asked: list[str] = []

    def asking(name: str, *, takes: bool) -> None:
        def grant() -> bool:
            asked.append(name)
            return takes

        permits.ask(name, grant)

    asking("a", takes=False)
    asking("b", takes=True)
    asking("c", takes=True)

    permits.give_back()

    assert asked == ["a", "b"]
    permits.give_back()
    permits.give_back()
    assert (asked, permits.value) == (["a", "b", "c"], 1)


def test_one_that_left_the_queue_is_not_called() -> None:
    permits = Permits(0)
    asked: list[str] = []

    def grant() -> bool:
        asked.append("a")
        return True

    permits.ask("a", grant)
    permits.forget("a")
    permits.forget("somebody else")
    permits.give_back()

    assert (asked, permits.value) == ([], 1)


async def test_a_cancelled_task_leaves_the_queue() -> None:
    permits = Permits(0)
    tasks = [asyncio.ensure_future(permits.wait()) for _ in range(2)]
    await settled()

    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    permits.give_back()
    await tasks[1]

    assert permits.value == 0
    assert len(permits._waiting) == 0


@pytest.mark.parametrize("permit_first", [True, False])
async def test_a_permit_that_comes_as_its_task_is_cancelled_is_not_lost(
    permit_first: bool,
) -> None:
    permits = Permits(0)
    task = asyncio.ensure_future(permits.wait())
    await settled()

    if permit_first:
        permits.give_back()
    task.cancel()
    if not permit_first:
        permits.give_back()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert permits.value == 1
