"""Following: a stream's events as they come, each once, in order."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from ...errors import InvalidArgument, InvalidStreamId, StoreClosed, UndecodableEvent
from ...events import NewEvent, RecordedEvent
from ...follower import Polling
from . import invalid
from .base import ContractBase, needs, payloads, read_all

QUICK: Final = Polling(shortest=0.001, longest=0.02)
"""Polls often, so that a test waits for no more than the store."""

WITHIN: Final = 60.0
"""Seconds in which any store must have given what is there; only to end a test that hangs."""


async def next_payloads(
    events: AsyncGenerator[RecordedEvent, None], count: int, first: int = 1
) -> list[Any]:
    """Return the payloads of the next events, whose versions must follow one another."""
    found: list[RecordedEvent] = []
    async with asyncio.timeout(WITHIN):
        while len(found) < count:
            found.append(await anext(events))
    assert [event.version for event in found] == list(range(first, first + count))
    return payloads(found)


class Unreadable:
    """A codec that other stores do not have."""

    content_type: Final = "application/x-unreadable"

    def encode(self, payload: Any) -> bytes:
        """Return any payload as bytes."""
        return str(payload).encode()

    def decode(self, data: bytes) -> Any:
        """Return the payload as a str."""
        return data.decode()


class Sleeper:
    """
    Sleeps for a follower, and tells when it does.

    Args:
        longest: The longest sleep, whatever the follower asks for; None is no limit.
    """

    def __init__(self, longest: float | None = None) -> None:
        self._longest = longest
        self._asleep = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Sleep."""
        self._asleep.set()
        await asyncio.sleep(seconds if self._longest is None else min(seconds, self._longest))

    async def fallen_asleep(self) -> None:
        """Wait until a follower falls asleep."""
        self._asleep.clear()
        async with asyncio.timeout(WITHIN):
            await self._asleep.wait()


class Following(ContractBase):
    """The promises of `StreamFollower`, for stores that are one."""

    @pytest.mark.asyncio
    @needs("follows")
    @pytest.mark.parametrize(
        ("from_version", "first"), [(None, 1), (0, 1), (1, 1), (3, 3), (4, 4), (5, 5), (7, 7)]
    )
    async def test_what_is_there_comes_first_and_then_what_is_appended(
        self, store: Any, stream_id: UUID, from_version: int | None, first: int
    ) -> None:
        await store.persist_events(stream_id, [1, 2, 3])

        async with aclosing(store.follow(stream_id, from_version, polling=QUICK)) as events:
            there = await next_payloads(events, max(0, 4 - first), first)
            for version in range(4, 9):
                await store.persist_events(stream_id, [version])
                if version >= first:
                    there += await next_payloads(events, 1, version)

        assert there == list(range(first, 9))

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_stream_may_begin_after_its_followers(
        self, store: Any, stream_id: UUID
    ) -> None:
        sleeper = Sleeper()
        polling = Polling(shortest=0.001, longest=0.02, sleep=sleeper)

        async with aclosing(store.follow(stream_id, polling=polling)) as events:
            coming = asyncio.ensure_future(next_payloads(events, 3))
            await sleeper.fallen_asleep()  # it has looked, and found no stream
            await store.persist_events(stream_id, ["a", "b"], 0)
            await store.persist_events(stream_id, ["c"])

            assert await coming == ["a", "b", "c"]

    @pytest.mark.asyncio
    @needs("follows", "opens_others")
    async def test_events_of_other_stores_come_too(self, store: Any, stream_id: UUID) -> None:
        async with (
            self.reopened(store) as other,
            aclosing(store.follow(stream_id, polling=QUICK)) as events,
        ):
            coming = asyncio.ensure_future(next_payloads(events, 4))
            for name in ("a", "b", "c", "d"):
                await other.persist_events(stream_id, [name])

            assert await coming == ["a", "b", "c", "d"]

    @pytest.mark.asyncio
    @needs("follows")
    async def test_events_are_the_same_as_those_that_are_read(
        self, store: Any, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [NewEvent("a", type="t", metadata={"b": 1}), "c"])

        async with (
            aclosing(store.follow(stream_id, polling=QUICK)) as events,
            asyncio.timeout(WITHIN),
        ):
            found = [await anext(events), await anext(events)]

        assert found == await read_all(store, stream_id)

    @pytest.mark.asyncio
    @needs("follows")
    @pytest.mark.parametrize("page_size", [None, 7])
    @pytest.mark.parametrize("serial", [False, True])
    async def test_a_burst_between_two_steps_comes_whole(
        self, store: Any, stream_id: UUID, page_size: int | None, serial: bool
    ) -> None:
        options: dict[str, Any] = {"page_size": page_size, "serial": serial}
        await store.persist_events(stream_id, [0])

        async with aclosing(store.follow(stream_id, polling=QUICK, **options)) as events:
            await next_payloads(events, 1)
            for start in range(1, 301, 50):
                await store.persist_events(stream_id, range(start, start + 50))

            assert await next_payloads(events, 300, 2) == list(range(1, 301))

    @pytest.mark.asyncio
    @needs("follows")
    async def test_writers_meanwhile_cause_no_gaps_and_no_duplicates(
        self, store: Any, stream_id: UUID
    ) -> None:
        async def append(name: str) -> None:
            for number in range(20):
                await store.persist_events(stream_id, [(name, number), (name, -number)])

        async with aclosing(store.follow(stream_id, polling=QUICK, page_size=3)) as events:
            found, *_ = await asyncio.gather(
                next_payloads(events, 3 * 20 * 2), append("a"), append("b"), append("c")
            )

        assert found == payloads(await read_all(store, stream_id))

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_step_that_is_cancelled_loses_nothing(
        self, store: Any, stream_id: UUID
    ) -> None:
        sleeper = Sleeper(longest=0.02)
        polling = Polling(shortest=0.001, longest=1000.0, sleep=sleeper)
        await store.persist_events(stream_id, [1])

        async with aclosing(store.follow(stream_id, polling=polling)) as events:
            await next_payloads(events, 1)
            for version in range(2, 6):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await anext(events)
                step = asyncio.ensure_future(anext(events))
                await sleeper.fallen_asleep()
                step.cancel()
                await asyncio.wait((step,))
                assert step.cancelled()
                await store.persist_events(stream_id, [version])
                assert await next_payloads(events, 1, version) == [version]

    @pytest.mark.asyncio
    @needs("follows")
    async def test_followers_are_independent(self, store: Any, stream_id: UUID) -> None:
        other_id = uuid4()

        async def follow(followed: UUID, count: int) -> list[Any]:
            async with aclosing(store.follow(followed, polling=QUICK)) as events:
                return await next_payloads(events, count)

        following = asyncio.gather(
            follow(stream_id, 3), follow(stream_id, 5), follow(other_id, 2), follow(stream_id, 5)
        )
        for number in range(5):
            await store.persist_events(stream_id, [number])
        await store.persist_events(other_id, ["a", "b"])

        assert list(await following) == [[0, 1, 2], [*range(5)], ["a", "b"], [*range(5)]]

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_follower_that_is_closed_has_ended(self, store: Any, stream_id: UUID) -> None:
        await store.persist_events(stream_id, [1, 2, 3])
        events = store.follow(stream_id, polling=QUICK)
        await next_payloads(events, 1)

        await events.aclose()
        await events.aclose()

        with pytest.raises(StopAsyncIteration):
            await anext(events)
        await store.follow(stream_id).aclose()

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_second_step_at_the_same_time_is_refused(
        self, store: Any, stream_id: UUID
    ) -> None:
        async with aclosing(store.follow(stream_id, polling=QUICK)) as events:
            first = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)

            with pytest.raises(RuntimeError, match="in progress"):
                await anext(events)

            await store.persist_events(stream_id, ["a"])
            assert (await first).payload == "a"

    @pytest.mark.asyncio
    @needs("follows", "opens_others")
    async def test_closing_the_store_ends_its_followers(self, store: Any, stream_id: UUID) -> None:
        other: Any = self.reopened(store)
        sleeper = Sleeper()
        patient = Polling(shortest=0.001, longest=1000.0, sleep=sleeper)
        await store.persist_events(stream_id, ["a"])
        waiting, idle = (other.follow(stream_id, polling=patient) for _ in range(2))
        await next_payloads(waiting, 1)
        await next_payloads(idle, 1)
        step = asyncio.ensure_future(anext(waiting))
        await sleeper.fallen_asleep()

        await other.close()

        async with asyncio.timeout(WITHIN):
            for events in (step, anext(idle)):
                with pytest.raises(StoreClosed):
                    await events
        with pytest.raises(StopAsyncIteration):
            await anext(waiting)

    @pytest.mark.asyncio
    @needs("follows", "opens_others")
    async def test_an_event_that_cannot_be_decoded_ends_it_and_following_goes_on_behind(
        self, store: Any, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=Unreadable()) as other:
            await store.persist_events(stream_id, ["a"])
            await other.persist_events(stream_id, [b"unreadable"])
            await store.persist_events(stream_id, ["c"])

        async with aclosing(store.follow(stream_id, polling=QUICK)) as events:
            assert await next_payloads(events, 1) == ["a"]
            with pytest.raises(UndecodableEvent) as caught:
                await anext(events)
            with pytest.raises(StopAsyncIteration):
                await anext(events)
        behind = caught.value.version + 1
        async with aclosing(store.follow(stream_id, behind, polling=QUICK)) as events:
            assert await next_payloads(events, 1, 3) == ["c"]

    @pytest.mark.asyncio
    @needs("follows")
    @pytest.mark.parametrize("options", invalid.FOLLOW_OPTIONS, ids=str)
    async def test_the_arguments_of_following_are_checked_at_the_call(
        self, store: Any, stream_id: UUID, options: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            store.follow(stream_id, **options)

    @pytest.mark.asyncio
    @needs("follows")
    @pytest.mark.parametrize("stream_id", invalid.STREAM_IDS, ids=repr)
    async def test_following_what_is_no_stream_id_is_refused(
        self, store: Any, stream_id: Any
    ) -> None:
        with pytest.raises(InvalidStreamId):
            store.follow(stream_id)
