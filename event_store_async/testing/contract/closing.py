"""Closing: a closed store refuses calls, and its events stay."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from uuid import UUID

import pytest

from ...errors import StoreClosed
from ...ports import EventReaderWriter
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)


class Closing(ContractBase):
    """Calls to a closed store."""

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_closed_store_refuses_appends(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        other = self.reopened(store)
        await other.close()

        with pytest.raises(StoreClosed):
            await other.persist_events(stream_id, ["a"])
        with pytest.raises(StoreClosed):
            await other.try_persist_events(stream_id, [])
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_closed_store_refuses_reads(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        other = self.reopened(store)
        await other.close()

        with pytest.raises(StoreClosed):
            await other.current_version(stream_id)
        with pytest.raises(StoreClosed):
            await read_all(other, stream_id)

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_store_is_closed_at_the_end_of_its_context(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            await other.persist_events(stream_id, ["a"])

        with pytest.raises(StoreClosed):
            await other.persist_events(stream_id, ["b"])

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_closing_twice_is_harmless(self, store: EventReaderWriter) -> None:
        other = self.reopened(store)

        await other.close()
        await other.close()

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_stored_events_outlive_the_store(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            await other.persist_events(stream_id, ["a"])

        assert payloads(await read_all(store, stream_id)) == ["a"]
