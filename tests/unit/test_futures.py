"""Callers that are answered at once: each goes on before the next one is answered."""

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any

import pytest

from event_store_async.cassandra.append.batch import PendingAppend, answer_all

WHOSE: ContextVar[str] = ContextVar("whose")


def pending() -> PendingAppend:
    append = PendingAppend()
    append.outcome = asyncio.get_running_loop().create_future()
    return append


async def answered(appends: list[PendingAppend], *results: Any) -> None:
    """Answer from a callback of the event loop, as the queues do; raise what that raises."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def answer() -> None:
        try:
            answer_all(appends, results)
        except BaseException as error:  # noqa: BLE001 - raised again in the test
            done.set_exception(error)
        else:
            done.set_result(None)

    loop.call_soon(answer)
    await done


class Callers:
    """
    Tasks that await appends.

    Attributes:
        log: What they did, in order.
    """

    def __init__(self) -> None:
        self.log: list[str] = []

    async def waiting(self, name: str, outcome: Awaitable[Any]) -> None:
        WHOSE.set(name)
        result = await outcome
        self.log.append(f"{name} has {result}, in the context of {WHOSE.get()}")
        await asyncio.sleep(0)
        self.log.append(f"{name} goes on")


async def test_each_goes_on_within_the_call_in_order_and_in_its_own_context() -> None:
    callers, appends = Callers(), [pending(), pending()]
    async with asyncio.TaskGroup() as group:
        for name, append in zip("ab", appends, strict=True):
            group.create_task(callers.waiting(name, append.outcome))
        await asyncio.sleep(0)
        results: tuple[Any, ...] = (1, 2)
        asyncio.get_running_loop().call_soon(answer_all, appends, results)
        asyncio.get_running_loop().call_soon(callers.log.append, "what came after")

    assert callers.log == [
        "a has 1, in the context of a",
        "b has 2, in the context of b",
        "what came after",
        "a goes on",
        "b goes on",
    ]


async def test_a_caller_that_left_is_left_out() -> None:
    callers, appends = Callers(), [pending(), pending()]
    left = asyncio.create_task(callers.waiting("a", appends[0].outcome))
    stays = asyncio.create_task(callers.waiting("b", appends[1].outcome))
    await asyncio.sleep(0)
    left.cancel()

    await answered(appends, 1, 2)
    await stays

    with pytest.raises(asyncio.CancelledError):
        await left
    assert callers.log[0] == "b has 2, in the context of b"


async def test_one_that_does_not_wait_yet_finds_its_result() -> None:
    append = pending()

    await answered([append], 1)

    assert await append.outcome == 1


async def test_an_outcome_that_several_wait_for_is_a_plain_future() -> None:
    callers, append = Callers(), pending()
    async with asyncio.TaskGroup() as group:
        for name in "ab":
            group.create_task(callers.waiting(name, append.outcome))
        await asyncio.sleep(0)
        await answered([append], 1)

    assert sorted(callers.log)[:2] == ["a goes on", "a has 1, in the context of a"]
    assert len(callers.log) == 4


async def test_a_caller_that_fails_keeps_its_error() -> None:
    async def fails(outcome: Awaitable[Any]) -> None:
        await outcome
        raise ValueError("after the append")

    append = pending()
    task = asyncio.create_task(fails(append.outcome))
    await asyncio.sleep(0)

    await answered([append], 1)

    with pytest.raises(ValueError, match="after the append"):
        await task


def test_all_have_their_results_if_one_ends_the_program() -> None:
    async def ends(outcome: Awaitable[Any]) -> None:
        await outcome
        raise SystemExit(3)

    async def program() -> None:
        appends[:] = [pending(), pending(), pending()]
        tasks.append(asyncio.create_task(ends(appends[0].outcome)))
        tasks.extend(asyncio.create_task(Callers().waiting("b", it.outcome)) for it in appends[1:])
        await asyncio.sleep(0)
        results: tuple[Any, ...] = (1, 2, 3)
        asyncio.get_running_loop().call_soon(answer_all, appends, results)
        await asyncio.sleep(60)

    appends: list[PendingAppend] = []
    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(SystemExit):
        asyncio.run(program())

    assert isinstance(tasks[0].exception(), SystemExit)
    assert [append.outcome.result() for append in appends] == [1, 2, 3]
