"""What else erasure concerns: lists of streams, categories, snapshots and the feed."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import StreamClosed, WrongCategory
from ...results import Closed, Truncated
from ...versions import MAX_VERSION
from .base import needs, payloads, read_all
from .erasure_base import ErasureBase, fill
from .snapshot_base import KIND, snapshot


class ErasureSurroundings(ErasureBase):
    """The tests of what other ports show of erased streams."""

    @pytest.mark.asyncio
    @needs("lists_streams")
    async def test_erased_streams_are_listed(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        deleted, closed = uuid4(), uuid4()
        await store.persist_events(deleted, ["a", "b"])
        await store.delete_stream(deleted)
        await store.close_stream(closed)
        await store.truncate_stream(ten, before=4)

        versions = {head.stream_id: head.version async for head in store.streams()}
        assert versions[ten] == 10
        assert versions[deleted] == 2
        assert versions[closed] == MAX_VERSION

    @pytest.mark.asyncio
    @needs("has_categories")
    async def test_a_stream_keeps_its_category(self, store: Any, stream_id: UUID) -> None:
        view = store.category("account")
        await view.persist_events(stream_id, ["a", "b"])
        await store.delete_stream(stream_id)

        assert (await view.persist_events(stream_id, ["c"], 2)).version == 3
        with pytest.raises(WrongCategory):
            await store.category("order").persist_events(stream_id, ["d"])
        assert payloads(await read_all(view, stream_id)) == ["c"]
        await store.close_stream(stream_id)
        for name in ("account", "order"):
            with pytest.raises(StreamClosed):
                await store.category(name).persist_events(stream_id, ["d"])

    @pytest.mark.asyncio
    @needs("has_snapshots")
    async def test_deletion_forgets_the_snapshots(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        await store.snapshots.save(ten, KIND, snapshot(10))
        await store.truncate_stream(ten, before=5)
        assert await store.snapshots.load(ten, KIND) is not None

        await store.delete_stream(ten)
        assert await store.snapshots.load(ten, KIND) is None
        await store.persist_events(ten, ["k"])
        await store.snapshots.save(ten, KIND, snapshot(11))
        await store.close_stream(ten)
        assert await store.snapshots.load(ten, KIND) is None

    @pytest.mark.asyncio
    @needs("has_feed")
    async def test_the_feed_leaves_out_what_is_gone(self, store: Any) -> None:
        first, second, third = uuid4(), uuid4(), uuid4()
        feed = store.feed()
        start = await feed.head()
        for stream in (first, second, third):
            await store.persist_events(stream, ["a", "b", "c"])
        wanted = [(second, 2), (second, 3)]
        await store.persist_events(first, ["d"])
        end = await feed.position_of(first, 4, timeout=30)
        before = [event.position async for event in feed.read(start)]
        assert isinstance(await store.truncate_stream(first, before=5), Truncated)
        assert isinstance(await store.truncate_stream(second, before=2), Truncated)
        assert isinstance(await store.close_stream(third), Closed)

        events = [event async for event in feed.read(start)]
        assert [(event.stream_id, event.version) for event in events] == wanted
        assert {event.position for event in events} <= set(before)
        position = start
        while position < end:  # a page may be empty, and the position moves on
            page = await feed.page(position, 1)
            assert page.position > position
            position = page.position
        await store.persist_events(first, ["e"])
        assert await feed.position_of(first, 5, timeout=30) > end

    @pytest.mark.asyncio
    @needs("has_feed")
    async def test_events_can_be_erased_right_after_their_append(
        self, store: Any, stream_id: UUID
    ) -> None:
        for number in range(1, 4):
            await store.persist_events(stream_id, [number])
            result = await store.truncate_stream(stream_id, before=number + 1, timeout=30)
            assert result == Truncated(stream_id, number + 1, number)
