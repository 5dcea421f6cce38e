"""What reads give of streams whose events were erased in part."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import StreamTruncated
from ...follower import Polling
from .base import needs, payloads, read_all
from .erasure_base import LETTERS, ErasureBase, fill


class ErasureReads(ErasureBase):
    """The tests of reads and followers."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("from_version", [None, 0, 1, 3, 4])
    async def test_reads_begin_with_the_first_kept_event(
        self, store: Any, stream_id: UUID, from_version: int | None
    ) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=4)

        for options in ({}, {"page_size": 2}, {"serial": True}, {"max_count": 20}):
            events = await read_all(store, ten, from_version=from_version, **options)
            assert payloads(events) == list(LETTERS[3:])
        some = await read_all(store, ten, from_version=from_version, max_count=2)
        assert payloads(some) == ["d", "e"]

    @pytest.mark.asyncio
    async def test_reads_from_later_versions(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=4)

        assert payloads(await read_all(store, ten, from_version=6)) == list(LETTERS[5:])
        assert await read_all(store, ten, from_version=11) == []

    @pytest.mark.asyncio
    async def test_backward_reads_end_with_the_first_kept_event(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=4)

        for options in ({}, {"page_size": 2}, {"serial": True}, {"max_count": 20}):
            events = await read_all(store, ten, backward=True, **options)
            assert payloads(events) == list(reversed(LETTERS[3:]))
        events = await read_all(store, ten, from_version=5, backward=True)
        assert payloads(events) == ["e", "d"]
        for from_version in (0, 1, 3):
            assert await read_all(store, ten, from_version=from_version, backward=True) == []

    @pytest.mark.asyncio
    async def test_a_long_truncated_stream(self, store: Any, stream_id: UUID) -> None:
        for _ in range(5):
            await store.persist_events(stream_id, list(range(200)))
        await store.truncate_stream(stream_id, before=700)

        forward = [event.version for event in await read_all(store, stream_id)]
        assert forward == list(range(700, 1001))
        backward = await read_all(store, stream_id, backward=True, page_size=50)
        assert [event.version for event in backward] == forward[::-1]
        for first in (2, 300, 699):
            some = await read_all(store, stream_id, from_version=first, max_count=3)
            assert [event.version for event in some] == [700, 701, 702]

    @pytest.mark.asyncio
    async def test_a_stream_truncated_while_it_is_read(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        events = store.read_events(ten, page_size=1)
        async with aclosing(events):
            assert (await anext(events)).version == 1
            await store.truncate_stream(ten, before=9)
            # What was fetched already may be given first.
            with pytest.raises(StreamTruncated) as raised:
                await _drain(events)
        assert (raised.value.stream_id, raised.value.kept_from) == (ten, 9)
        assert raised.value.version < 9

    @pytest.mark.asyncio
    async def test_a_stream_truncated_while_it_is_read_backward(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        events = store.read_events(ten, backward=True, page_size=1)
        async with aclosing(events):
            first = await anext(events)
            await store.truncate_stream(ten, before=9)
            rest = [event.version async for event in events]
        versions = [first.version, *rest]
        assert versions == list(range(10, 10 - len(versions), -1))
        assert versions[:2] == [10, 9]

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_follower_goes_on_with_the_first_kept_event(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        events = store.follow(ten, polling=Polling(shortest=0.001, longest=0.01))
        async with aclosing(events):
            for _ in range(10):
                await anext(events)
            await store.persist_events(ten, ["k", "l", "m"])
            await store.truncate_stream(ten, before=13)
            assert (await anext(events)).version == 13
            await store.delete_stream(ten)
            await store.persist_events(ten, ["n"])
            assert (await anext(events)).version == 14

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_follower_from_below_the_first_kept_event(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=9)
        events = store.follow(ten, 3)
        async with aclosing(events):
            assert [(await anext(events)).version for _ in range(2)] == [9, 10]

    @pytest.mark.asyncio
    async def test_reads_after_the_version_of_a_closed_stream(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        await store.close_stream(ten)
        behind = await store.current_version(ten) + 1
        for options in ({}, {"serial": True}, {"max_count": 2}, {"backward": True}):
            assert await read_all(store, ten, from_version=behind, **options) == []
        other = await fill(store, uuid4())
        assert await read_all(store, other, from_version=behind) == []
        backward = await read_all(store, other, from_version=behind, backward=True)
        assert payloads(backward) == list(reversed(LETTERS))

    @pytest.mark.asyncio
    @needs("follows")
    async def test_a_follower_waits_at_a_closed_stream(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        await store.close_stream(ten)

        for first in (None, 11, await store.current_version(ten) + 1):
            polls = Polls(3)
            polling = Polling(shortest=0.001, longest=0.01, sleep=polls.sleep)
            async with aclosing(store.follow(ten, first, polling=polling)) as events:
                with pytest.raises(EnoughPolls):
                    await anext(events)


class EnoughPolls(Exception):
    """The follower has found nothing often enough."""


class Polls:
    """Ends a follower after so many polls."""

    def __init__(self, left: int) -> None:
        self._left = left

    async def sleep(self, seconds: float) -> None:
        """End the wait at once, or the follower."""
        del seconds
        self._left -= 1
        if not self._left:
            raise EnoughPolls


async def _drain(events: AsyncGenerator[Any, None]) -> None:
    async for _ in events:
        pass
