"""Reactions: events lead to commands, whose repetition stores nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import pytest

from event_store_async import CommandNotHandled, FeedEvent, InvalidArgument, MemoryEventStore
from event_store_async.aggregates import Command, CommandHandler, Reducer, Rejected, Repository
from event_store_async.subscriptions import Subscription, reacting

from .group import FAST, append, simulated, streams

A, B = streams(2)
SPACE = UUID(int=77)


def counter(store: MemoryEventStore) -> CommandHandler[int, Any]:
    reducer: Reducer[int, Any] = Reducer(0, lambda count, _: count + 1)
    return CommandHandler(Repository(store, reducer), store)


def target(stream_id: UUID) -> UUID:
    return uuid5(SPACE, str(stream_id))


def twice(event: FeedEvent[Any]) -> Iterator[Command[int, Any]]:
    yield Command(target(event.stream_id), lambda _: [{"part": 0}])
    yield Command(target(event.stream_id), lambda _: [{"part": 1}])


def test_a_delivery_again_stores_nothing_and_says_what_caused_it() -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A, B, type_="seen")
        feed = store.feed(types=["seen"])
        handle = reacting("flow", twice, counter(store))
        subscription = Subscription("flow", feed, handle, store.subscriptions, recovery=FAST)
        await subscription.catch_up()
        await store.subscriptions.reset("flow", "beginning")
        await subscription.catch_up()

        (cause,) = [event async for event in store.read_events(A)]
        stored = [event async for event in store.read_events(target(A))]
        assert [event.payload for event in stored] == [{"part": 0}, {"part": 1}]
        assert {(event.metadata or {})["causation_id"] for event in stored} == {str(cause.event_id)}
        other = reacting("other", twice, counter(store))
        await Subscription("other", feed, other, store.subscriptions).catch_up()
        assert await store.current_version(target(A)) == 4  # another name, other commands

    simulated(program)


def test_a_command_that_is_not_carried_out_fails_the_event() -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)

        def refused(event: FeedEvent[Any]) -> list[Command[int, Any]]:
            return [Command(target(event.stream_id), lambda _: Rejected("sold out"))]

        (event,) = [event async for event in store.feed().read()]
        with pytest.raises(CommandNotHandled) as caught:
            await reacting("flow", refused, counter(store))(event)
        assert caught.value.result == Rejected("sold out")

    simulated(program)


def test_what_is_no_argument_of_a_reaction_is_refused() -> None:
    handler: Any = counter(MemoryEventStore())
    for arguments in (("a b", twice, handler), ("flow", 7, handler), ("flow", twice, None)):
        with pytest.raises(InvalidArgument):
            reacting(*arguments)
