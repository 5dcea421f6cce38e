"""The 13 cases of the Clojure original's own suite, in its words, and those that Revent adds."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from uuid import UUID, uuid4

import pytest

from ...errors import ConcurrentModification
from ...ports import EventReaderWriter
from ...results import Persisted
from ...versions import NO_STREAM
from .base import ContractBase, payloads, read_all

A, B, C = {"type": "a"}, {"type": "b"}, {"type": "c"}


class Original(ContractBase):
    """The promises of the stores that this library re-creates."""

    @pytest.mark.asyncio
    async def test_read_from_an_empty_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        assert await read_all(store, stream_id) == []

    @pytest.mark.asyncio
    async def test_persist_zero_events(self, store: EventReaderWriter, stream_id: UUID) -> None:
        result = await store.persist_events(stream_id, [])

        assert result == Persisted(stream_id, 0, ())
        assert await read_all(store, stream_id) == []

    @pytest.mark.asyncio
    async def test_streams_are_isolated(self, store: EventReaderWriter, stream_id: UUID) -> None:
        other = uuid4()

        await store.persist_events(stream_id, [A])
        await store.persist_events(other, [B])

        assert payloads(await read_all(store, stream_id)) == [A]
        assert payloads(await read_all(store, other)) == [B]

    @pytest.mark.asyncio
    async def test_persist_multiple_events(self, store: EventReaderWriter, stream_id: UUID) -> None:
        result = await store.persist_events(stream_id, [A, B, C])

        events = await read_all(store, stream_id)
        assert payloads(events) == [A, B, C]
        assert [event.version for event in events] == [1, 2, 3]
        assert tuple(events) == result.events

    @pytest.mark.asyncio
    async def test_keep_old_events(self, store: EventReaderWriter, stream_id: UUID) -> None:
        await store.persist_events(stream_id, [A])
        await store.persist_events(stream_id, [B])

        assert payloads(await read_all(store, stream_id)) == [A, B]

    @pytest.mark.asyncio
    async def test_expected_version_of_a_new_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.persist_events(stream_id, [A], expected_version=NO_STREAM)

        assert result.version == 1

    @pytest.mark.asyncio
    async def test_expected_version_of_an_existing_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A], expected_version=NO_STREAM)

        result = await store.persist_events(stream_id, [B], expected_version=1)

        assert result.version == 2

    @pytest.mark.asyncio
    async def test_expected_version_mismatch(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A])

        with pytest.raises(ConcurrentModification) as caught:
            await store.persist_events(stream_id, [B], expected_version=2)

        assert caught.value == ConcurrentModification(stream_id, 2, 1)
        assert payloads(await read_all(store, stream_id)) == [A]

    @pytest.mark.asyncio
    async def test_no_gaps_in_versions_after_a_conflict(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A])
        await store.try_persist_events(stream_id, [B], expected_version=0)
        await store.persist_events(stream_id, [C])

        assert [event.version for event in await read_all(store, stream_id)] == [1, 2]

    @pytest.mark.asyncio
    async def test_a_batch_is_atomic(self, store: EventReaderWriter, stream_id: UUID) -> None:
        await store.persist_events(stream_id, [A])

        result = await store.try_persist_events(stream_id, [B, C, B], expected_version=0)

        assert result == ConcurrentModification(stream_id, 0, 1)
        assert payloads(await read_all(store, stream_id)) == [A]

    @pytest.mark.asyncio
    async def test_read_from_a_version(self, store: EventReaderWriter, stream_id: UUID) -> None:
        await store.persist_events(stream_id, [A, B, C])

        assert payloads(await read_all(store, stream_id, from_version=2)) == [B, C]

    @pytest.mark.asyncio
    async def test_read_at_most_n_events(self, store: EventReaderWriter, stream_id: UUID) -> None:
        await store.persist_events(stream_id, [A, B, C])

        assert payloads(await read_all(store, stream_id, from_version=2, max_count=1)) == [B]
        assert payloads(await read_all(store, stream_id, max_count=2)) == [A, B]

    @pytest.mark.asyncio
    async def test_read_from_version_zero_is_read_from_the_beginning(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A, B])

        assert payloads(await read_all(store, stream_id, from_version=0)) == [A, B]

    # From Revent

    @pytest.mark.asyncio
    async def test_positional_arguments_read_a_page(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A, B, C])

        assert payloads(await read_all(store, stream_id, 1, 2)) == [A, B]

    @pytest.mark.asyncio
    async def test_pages_read_until_a_short_one_are_the_whole_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [{"number": number} for number in range(7)])

        versions: list[int] = []
        while True:
            page = await read_all(store, stream_id, len(versions) + 1, 3)
            versions += [event.version for event in page]
            if len(page) < 3:
                break

        assert versions == [1, 2, 3, 4, 5, 6, 7]

    @pytest.mark.asyncio
    async def test_the_timestamps_of_one_append_are_equal(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A, B, C])

        assert len({event.timestamp for event in await read_all(store, stream_id)}) == 1

    @pytest.mark.asyncio
    async def test_version_zero_is_an_empty_stream_and_conflicts_with_any_other(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A], 0)

        result = await store.try_persist_events(stream_id, [B], 0)

        assert result == ConcurrentModification(stream_id, 0, 1)
