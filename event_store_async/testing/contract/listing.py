"""Listing: every stream once, with its version, from any place on."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
import re
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import InvalidArgument, StoreClosed
from ...stream_head import StreamHead
from . import invalid
from .base import ContractBase, needs


async def listed(store: Any, *bounds: Any, **options: Any) -> list[StreamHead]:
    """Return a list of streams as a list."""
    return [head async for head in store.streams(*bounds, **options)]


async def begun(store: Any, count: int) -> dict[UUID, int]:
    """Begin some streams, and return their versions."""
    versions = {uuid4(): 1 + number % 3 for number in range(count)}
    for stream_id, version in versions.items():
        await store.persist_events(stream_id, ["event"] * version)
    return versions


def of(streams: dict[UUID, int], heads: list[StreamHead]) -> list[tuple[UUID, int]]:
    """Return what is listed of these streams: the store may hold those of other tests, too."""
    return [(head.stream_id, head.version) for head in heads if head.stream_id in streams]


class Listing(ContractBase):
    """The promises of `StreamLister`, for stores that are one."""

    @pytest.mark.asyncio
    @needs("lists_streams")
    @pytest.mark.parametrize("page_size", [None, 1, 3, 5000])
    async def test_every_stream_is_listed_once_with_its_version(
        self, store: Any, page_size: int | None
    ) -> None:
        streams = await begun(store, 7)

        heads = await listed(store, page_size=page_size)

        assert sorted(of(streams, heads)) == sorted(streams.items())
        assert len({head.stream_id for head in heads}) == len(heads)
        for head in heads[-3:]:
            assert head.version == await store.current_version(head.stream_id)

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_a_stream_that_was_only_asked_for_is_not_listed(
        self, store: Any, stream_id: UUID
    ) -> None:
        await store.current_version(stream_id)
        await store.try_persist_events(stream_id, ["a"], 7)
        await store.persist_events(stream_id, [])

        assert of({stream_id: 0}, await listed(store)) == []

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_a_list_goes_on_after_any_of_its_streams(self, store: Any) -> None:
        await begun(store, 7)
        heads = await listed(store)

        for index, head in enumerate(heads[-20:], len(heads) - len(heads[-20:])):
            assert await listed(store, head.cursor) == heads[index + 1 :]
            assert await listed(store, head.cursor, 2, page_size=1) == heads[index + 1 : index + 3]

    @pytest.mark.asyncio
    @needs("lists_streams")
    @pytest.mark.parametrize("max_count", [1, 2, 3, 100])
    async def test_pages_of_any_length_make_the_whole_list(
        self, store: Any, max_count: int
    ) -> None:
        await begun(store, 5)
        whole = await listed(store)
        found: list[StreamHead] = []

        while page := await listed(store, found[-1].cursor if found else None, max_count):
            found += page
            if len(page) < max_count:
                break

        assert found == whole
        assert await listed(store, None, 0) == []
        assert await listed(store, whole[0].cursor, 0) == []

    @pytest.mark.asyncio
    @needs("lists_streams", "opens_others")
    async def test_a_list_goes_on_in_another_process(self, store: Any) -> None:
        await begun(store, 5)
        whole = await listed(store)

        async with self.reopened(store) as other:
            assert await listed(other, whole[1].cursor) == whole[2:]
        with pytest.raises(StoreClosed):
            await listed(other)

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_streams_that_were_there_are_listed_once_whatever_is_appended_meanwhile(
        self, store: Any
    ) -> None:
        streams = await begun(store, 20)
        appending = True

        async def append() -> None:
            while appending:
                await store.persist_events(uuid4(), ["new"])
                for stream_id in list(streams)[:5]:
                    await store.persist_events(stream_id, ["more"])

        task = asyncio.ensure_future(append())
        try:
            for page_size in (1, 2, 3):
                heads: list[StreamHead] = []
                async with aclosing(store.streams(page_size=page_size)) as found:
                    async for head in found:
                        heads.append(head)
                        await asyncio.sleep(0)
                listed_ids = [head.stream_id for head in heads]
                assert len(listed_ids) == len(set(listed_ids))
                assert set(streams) <= set(listed_ids)
                assert all(version >= streams[each] for each, version in of(streams, heads))
        finally:
            appending = False
            await task

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_cursors_can_stand_in_a_url(self, store: Any) -> None:
        await begun(store, 20)

        for head in await listed(store):
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", head.cursor)

    @pytest.mark.asyncio
    @needs("lists_streams")
    @pytest.mark.parametrize("cursor", invalid.CURSORS, ids=repr)
    async def test_what_is_no_cursor_is_refused_at_the_call(self, store: Any, cursor: Any) -> None:
        with pytest.raises(InvalidArgument):
            store.streams(cursor)

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_a_cursor_that_was_changed_is_refused(self, store: Any, stream_id: UUID) -> None:
        await store.persist_events(stream_id, ["a"])
        cursor = (await listed(store, None, 1))[0].cursor

        for index, letter in enumerate(cursor):
            other = "B" if letter == "A" else "A"
            with pytest.raises(InvalidArgument):
                store.streams(cursor[:index] + other + cursor[index + 1 :])
            with pytest.raises(InvalidArgument):
                store.streams(cursor[:index])
        for more in (cursor + "A", cursor + "=", cursor + "\n", " " + cursor, cursor * 2):
            with pytest.raises(InvalidArgument):
                store.streams(more)

    @pytest.mark.asyncio
    @needs("lists_streams")
    @pytest.mark.parametrize("options", invalid.LIST_OPTIONS, ids=str)
    async def test_the_arguments_of_a_list_are_checked_at_the_call(
        self, store: Any, options: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            store.streams(**options)

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_a_list_may_be_stopped_early(self, store: Any) -> None:
        await begun(store, 3)

        async with aclosing(store.streams(page_size=1)) as heads:
            async for _ in heads:
                break
        await store.streams().aclose()

        assert len(await listed(store)) >= 3
