"""Limits: the most events and bytes in one append, exactly."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from uuid import UUID

import pytest

from ...codec import RawCodec
from ...errors import AppendTooLarge
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...settings import Settings
from .base import ContractBase, needs, read_all

MEBIBYTE = 1024 * 1024


class Limits(ContractBase):
    """The largest append, and one that is too large."""

    @pytest.mark.asyncio
    async def test_an_append_with_the_most_events_is_stored(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.persist_events(stream_id, range(1000), expected_version=0)

        assert result.version == 1000
        assert await read_all(store, stream_id) == list(result.events)

    @pytest.mark.asyncio
    async def test_an_append_with_one_event_more_is_refused(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        with pytest.raises(AppendTooLarge) as caught:
            await store.persist_events(stream_id, ["a"] * 1001)

        error = caught.value
        assert (error.unit, error.size, error.limit) == ("events", 1001, 1000)
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_append_with_the_most_bytes_is_stored(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=RawCodec()) as raw:
            await raw.persist_events(stream_id, [b"x" * (MEBIBYTE - 1), b"y"])

            sizes = [len(event.payload) for event in await read_all(raw, stream_id)]
        assert sizes == [MEBIBYTE - 1, 1]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_append_with_one_byte_more_is_refused(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=RawCodec()) as raw:
            with pytest.raises(AppendTooLarge) as caught:
                await raw.persist_events(stream_id, [b"x" * MEBIBYTE, b"y"])

        error = caught.value
        assert (error.unit, error.size, error.limit) == ("bytes", MEBIBYTE + 1, MEBIBYTE)
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_metadata_counts_as_bytes(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        settings = Settings(max_append_bytes=20)
        async with self.reopened(store, codec=RawCodec(), settings=settings) as small:
            fits = NewEvent(b"x" * 12, metadata={"a": 10})  # {"a":10} is 8 bytes
            await small.persist_events(stream_id, [fits])

            with pytest.raises(AppendTooLarge):
                await small.persist_events(stream_id, [NewEvent(b"x" * 13, metadata={"a": 10})])

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_the_limits_are_settings(self, store: EventReaderWriter, stream_id: UUID) -> None:
        async with self.reopened(store, settings=Settings(max_append_events=2)) as small:
            await small.persist_events(stream_id, ["a", "b"])

            with pytest.raises(AppendTooLarge) as caught:
                await small.persist_events(stream_id, ["a", "b", "c"])

        assert (caught.value.size, caught.value.limit) == (3, 2)
        assert await store.current_version(stream_id) == 2
