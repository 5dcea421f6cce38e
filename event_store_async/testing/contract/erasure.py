"""The contract of stores that erase events: truncation, deletion and closing of streams."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from typing import Any
from uuid import UUID

import pytest

from ...errors import (
    ConcurrentModification,
    InvalidArgument,
    InvalidExpectedVersion,
    InvalidStreamId,
    StreamClosed,
)
from ...events import NewEvent
from ...results import Closed, Deleted, Persisted, Truncated
from ...versions import ANY, MAX_VERSION, NO_STREAM, STREAM_EXISTS
from .base import needs, payloads, read_all
from .erasure_base import LETTERS, fill
from .erasure_reads import ErasureReads
from .erasure_surroundings import ErasureSurroundings


class ErasureContract(ErasureReads, ErasureSurroundings):
    """
    The tests of every promise of `StreamEraser`.

    A subclass provides the fixture ``store``, and flags as for `EventStoreContract`.

    Attributes:
        has_categories: Whether the store is a `CategorisedStore`.
        has_snapshots: Whether the store keeps stored snapshots.
        has_feed: Whether the store has a feed.
    """

    # What the calls return

    @pytest.mark.asyncio
    async def test_truncation_erases_the_events_below_a_version(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        result = await store.truncate_stream(ten, before=4)

        assert result == Truncated(ten, kept_from=4, version=10)
        events = await read_all(store, ten)
        assert payloads(events) == list(LETTERS[3:])
        assert [event.version for event in events] == list(range(4, 11))

    @pytest.mark.asyncio
    async def test_truncation_is_idempotent(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        first = await store.truncate_stream(ten, before=4)

        assert await store.truncate_stream(ten, before=4) == first
        assert len(await read_all(store, ten)) == 7

    @pytest.mark.asyncio
    async def test_truncation_is_monotone(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=7)

        assert await store.truncate_stream(ten, before=3) == Truncated(ten, 7, 10)
        assert payloads(await read_all(store, ten)) == list(LETTERS[6:])
        assert await store.truncate_stream(ten, before=9) == Truncated(ten, 9, 10)
        assert payloads(await read_all(store, ten)) == list(LETTERS[8:])

    @pytest.mark.asyncio
    async def test_truncation_before_the_first_version_erases_nothing(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        assert await store.truncate_stream(ten, before=1) == Truncated(ten, 1, 10)
        assert len(await read_all(store, ten)) == 10

    @pytest.mark.asyncio
    async def test_truncation_may_erase_all_events(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        assert await store.truncate_stream(ten, before=11) == Truncated(ten, 11, 10)
        assert await read_all(store, ten) == []
        assert await read_all(store, ten, backward=True) == []

    @pytest.mark.asyncio
    async def test_truncation_beyond_the_next_version_conflicts(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        result = await store.truncate_stream(ten, before=12)

        assert result == ConcurrentModification(ten, 11, 10)
        assert len(await read_all(store, ten)) == 10

    @pytest.mark.asyncio
    async def test_truncation_of_a_stream_that_does_not_exist(
        self, store: Any, stream_id: UUID
    ) -> None:
        assert await store.truncate_stream(stream_id, before=1) == Truncated(stream_id, 1, 0)
        result = await store.truncate_stream(stream_id, before=2)
        assert result == ConcurrentModification(stream_id, 1, 0)
        await store.persist_events(stream_id, ["a"], NO_STREAM)
        assert payloads(await read_all(store, stream_id)) == ["a"]

    @pytest.mark.asyncio
    async def test_deletion_erases_all_events(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        assert await store.delete_stream(ten) == Deleted(ten, 10)
        assert await store.delete_stream(ten) == Deleted(ten, 10)
        assert await read_all(store, ten) == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS, 10])
    async def test_deletion_at_the_expected_version(
        self, store: Any, stream_id: UUID, expected: Any
    ) -> None:
        ten = await fill(store, stream_id)
        assert await store.delete_stream(ten, expected) == Deleted(ten, 10)
        assert await store.delete_stream(ten, expected) == Deleted(ten, 10)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, 9, 11])
    async def test_deletion_at_another_version_conflicts(
        self, store: Any, stream_id: UUID, expected: Any
    ) -> None:
        ten = await fill(store, stream_id)
        result = await store.delete_stream(ten, expected)

        assert result == ConcurrentModification(ten, expected, 10)
        assert len(await read_all(store, ten)) == 10

    @pytest.mark.asyncio
    async def test_deletion_of_a_stream_that_does_not_exist(
        self, store: Any, stream_id: UUID
    ) -> None:
        assert await store.delete_stream(stream_id) == Deleted(stream_id, 0)
        assert await store.delete_stream(stream_id, NO_STREAM) == Deleted(stream_id, 0)
        for expected in (STREAM_EXISTS, 3):
            result = await store.delete_stream(stream_id, expected)
            assert result == ConcurrentModification(stream_id, expected, 0)
        assert await store.current_version(stream_id) == 0
        await store.persist_events(stream_id, ["a"], NO_STREAM)

    @pytest.mark.asyncio
    async def test_closing_erases_all_events(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        assert await store.close_stream(ten) == Closed(ten, 10)
        assert await store.close_stream(ten) == Closed(ten, 10)
        assert await read_all(store, ten) == []
        assert await read_all(store, ten, backward=True) == []
        assert await store.current_version(ten) == MAX_VERSION

    @pytest.mark.asyncio
    async def test_a_stream_that_does_not_exist_can_be_closed(
        self, store: Any, stream_id: UUID
    ) -> None:
        assert await store.close_stream(stream_id) == Closed(stream_id, 0)
        assert await store.close_stream(stream_id) == Closed(stream_id, 0)
        with pytest.raises(StreamClosed):
            await store.persist_events(stream_id, ["a"], NO_STREAM)
        assert await read_all(store, stream_id) == []

    @pytest.mark.asyncio
    async def test_a_truncated_stream_can_be_deleted_and_closed(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=5)
        assert await store.delete_stream(ten, 10) == Deleted(ten, 10)
        await store.persist_events(ten, ["k"], 10)
        assert await store.close_stream(ten) == Closed(ten, 11)

    @pytest.mark.asyncio
    async def test_what_can_be_done_with_a_closed_stream(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        await store.close_stream(ten)

        assert await store.truncate_stream(ten, before=5) == Truncated(ten, 11, 10)
        assert await store.truncate_stream(ten, before=12) == ConcurrentModification(ten, 11, 10)
        assert await store.delete_stream(ten) == Deleted(ten, 10)
        assert await store.delete_stream(ten, 3) == ConcurrentModification(ten, 3, 10)

    # Appends

    @pytest.mark.asyncio
    @pytest.mark.parametrize("before", [4, 11])
    async def test_versions_go_on_counting(self, store: Any, stream_id: UUID, before: int) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=before)

        assert await store.current_version(ten) == 10
        assert (await store.persist_events(ten, ["k"])).version == 11
        assert (await store.persist_events(ten, ["l"], 11)).version == 12
        assert payloads(await read_all(store, ten)) == [*LETTERS[before - 1 :], "k", "l"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("before", [4, 11])
    async def test_expectations_hold_as_before(
        self, store: Any, stream_id: UUID, before: int
    ) -> None:
        ten = await fill(store, stream_id)
        await store.truncate_stream(ten, before=before)

        for expected in (NO_STREAM, 9, 11):
            result = await store.try_persist_events(ten, ["x"], expected)
            assert result == ConcurrentModification(ten, expected, 10)
            empty = await store.try_persist_events(ten, [], expected)
            assert empty == ConcurrentModification(ten, expected, 10)
        assert await store.persist_events(ten, [], STREAM_EXISTS) == Persisted(ten, 10, ())
        assert (await store.persist_events(ten, ["k"], STREAM_EXISTS)).version == 11

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS, NO_STREAM, 3, 10, MAX_VERSION])
    @pytest.mark.parametrize("events", [["x"], ["x", "y"], [NewEvent("x")], []])
    async def test_a_closed_stream_takes_nothing(
        self, store: Any, stream_id: UUID, expected: Any, events: list[Any]
    ) -> None:
        ten = await fill(store, stream_id)
        await store.close_stream(ten)

        for append in (store.persist_events, store.try_persist_events):
            with pytest.raises(StreamClosed) as raised:
                await append(ten, events, expected)
            assert raised.value.stream_id == ten
        assert await read_all(store, ten) == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize("events", [["x"], [NewEvent("x")], []])
    async def test_an_open_stream_is_not_at_the_version_of_a_closed_one(
        self, store: Any, stream_id: UUID, events: list[Any]
    ) -> None:
        ten = await fill(store, stream_id)

        result = await store.try_persist_events(ten, events, MAX_VERSION)
        assert result == ConcurrentModification(ten, MAX_VERSION, 10)
        assert await store.current_version(ten) == 10

    @pytest.mark.asyncio
    async def test_a_deleted_stream_can_be_appended_to_again(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        await store.delete_stream(ten)

        await store.persist_events(ten, ["k", "l"], 10)
        assert payloads(await read_all(store, ten)) == ["k", "l"]
        assert await store.delete_stream(ten, 12) == Deleted(ten, 12)
        assert await read_all(store, ten) == []

    # Repetition by event id

    @pytest.mark.asyncio
    async def test_kept_events_are_found_by_their_ids(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        again = [NewEvent("k"), NewEvent("l")]
        await store.persist_events(ten, again)
        await store.truncate_stream(ten, before=11)

        repeated = await store.persist_events(ten, again)
        assert (repeated.version, repeated.stored_earlier) == (12, True)
        repeated = await store.persist_events(ten, again, 10)
        assert (repeated.version, repeated.stored_earlier) == (12, True)

    @pytest.mark.asyncio
    async def test_erased_events_are_not_found_by_their_ids(
        self, store: Any, stream_id: UUID
    ) -> None:
        ten = await fill(store, stream_id)
        gone = [NewEvent("k")]
        await store.persist_events(ten, gone)
        await store.persist_events(ten, ["l"])
        await store.truncate_stream(ten, before=12)

        assert isinstance(await store.try_persist_events(ten, gone, 10), ConcurrentModification)
        repeated = await store.persist_events(ten, gone)
        assert (repeated.version, repeated.stored_earlier) == (13, False)

    @pytest.mark.asyncio
    async def test_a_repetition_that_is_gone_in_part(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        events = [NewEvent("k"), NewEvent("l")]
        await store.persist_events(ten, events)
        await store.truncate_stream(ten, before=12)

        result = await store.try_persist_events(ten, events)
        assert isinstance(result, ConcurrentModification)
        assert result.found == {events[1].event_id: 12}

    # Another store on the same streams

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_another_store_respects_it(self, store: Any, stream_id: UUID) -> None:
        ten = await fill(store, stream_id)
        async with self.reopened(store) as other:
            assert len(await read_all(other, ten)) == 10
            await other.persist_events(ten, ["k"])
            await store.truncate_stream(ten, before=4)
            assert payloads(await read_all(other, ten)) == [*LETTERS[3:], "k"]
            await store.delete_stream(ten)
            assert await read_all(other, ten) == []
            assert (await other.persist_events(ten, ["l"])).version == 12
            await store.close_stream(ten)
            with pytest.raises(StreamClosed):
                await other.persist_events(ten, ["m"])
            assert await read_all(other, ten) == []

    # Refusals

    @pytest.mark.asyncio
    async def test_invalid_arguments_are_refused(self, store: Any, stream_id: UUID) -> None:
        for before in (0, -1, MAX_VERSION + 1, "1", None, True, 1.5):
            with pytest.raises(InvalidArgument):
                await store.truncate_stream(stream_id, before=before)
        for expected in (None, -1, "any"):
            with pytest.raises(InvalidExpectedVersion):
                await store.delete_stream(stream_id, expected)
        for call in (
            lambda stream, **options: store.truncate_stream(stream, before=1, **options),
            store.delete_stream,
            store.close_stream,
        ):
            with pytest.raises(InvalidStreamId):
                await call("not a uuid")
            for timeout in (0, -1, "1"):
                with pytest.raises(InvalidArgument):
                    await call(stream_id, timeout=timeout)
        assert await store.current_version(stream_id) == 0
