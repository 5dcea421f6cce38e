"""Blocks of correlation: used twice, by several tasks, and as decorators."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any
from uuid import uuid4

import pytest

from event_store_async import InvalidArgument, MemoryEventStore, caused_by, correlated


async def ids(store: MemoryEventStore) -> Any:
    """Return the metadata that an event gets now."""
    return (await store.persist_events(uuid4(), ["a"])).events[0].metadata


async def test_a_coroutine_function_is_decorated_for_as_long_as_it_runs() -> None:
    store = MemoryEventStore()

    @correlated("request")
    async def handle(given: str, *, wanted: str) -> tuple[Any, str, str]:
        await asyncio.sleep(0)
        return await ids(store), given, wanted

    assert await handle("a", wanted="b") == ({"correlation_id": "request"}, "a", "b")
    assert handle.__name__ == "handle"
    assert await ids(store) is None


async def test_a_function_is_decorated() -> None:
    store = MemoryEventStore()

    @correlated("request")
    def begin() -> asyncio.Task[Any]:
        return asyncio.create_task(ids(store))

    assert await begin() == {"correlation_id": "request"}
    assert await ids(store) is None


async def test_calls_of_a_decorated_function_do_not_disturb_each_other() -> None:
    store = MemoryEventStore()
    first = await store.persist_events(uuid4(), ["a"])

    @caused_by(first.events[0])
    async def handle(pauses: int) -> Any:
        for _ in range(pauses):
            await asyncio.sleep(0)
        return await ids(store)

    found = await asyncio.gather(handle(3), handle(1), handle(2))
    assert {each["causation_id"] for each in found} == {str(first.events[0].event_id)}
    assert await ids(store) is None


def test_generator_functions_are_refused() -> None:
    def items() -> Generator[int, None, None]:
        yield 1

    async def later() -> AsyncGenerator[int, None]:
        yield 1

    for function in (items, later):
        with pytest.raises(InvalidArgument, match="generator"):
            correlated("request")(function)
    with pytest.raises(InvalidArgument):
        correlated("request")(7)  # type: ignore[arg-type]


async def test_a_block_can_be_entered_again_and_within_itself() -> None:
    store = MemoryEventStore()
    block = correlated("request")

    for _ in range(2):
        with block:
            with block:
                assert await ids(store) == {"correlation_id": "request"}
            with correlated(causation_id="command"):
                assert await ids(store) == {
                    "correlation_id": "request",
                    "causation_id": "command",
                }
            assert await ids(store) == {"correlation_id": "request"}
        assert await ids(store) is None


async def test_the_surrounding_block_is_that_of_the_moment() -> None:
    store = MemoryEventStore()
    block = correlated(causation_id="command")

    with correlated("one"), block:
        assert await ids(store) == {"correlation_id": "one", "causation_id": "command"}
    with correlated("two"), block:
        assert await ids(store) == {"correlation_id": "two", "causation_id": "command"}


async def test_a_generator_enters_a_block_for_one_of_its_events() -> None:
    def events() -> Generator[str]:
        with correlated("request"):
            yield "a"
        yield "b"

    stored = await MemoryEventStore().persist_events(uuid4(), events())

    assert [event.metadata for event in stored.events] == [{"correlation_id": "request"}, None]


def test_ids_are_checked_at_once() -> None:
    with pytest.raises(InvalidArgument):
        correlated("")
