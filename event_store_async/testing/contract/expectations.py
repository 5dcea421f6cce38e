"""Expected versions, and the conflict if the stream is at another version."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from typing import assert_never
from uuid import UUID

import pytest

from ...errors import ConcurrentModification
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...results import Persisted
from ...versions import (
    ANY,
    MAX_VERSION,
    NO_STREAM,
    STREAM_EXISTS,
    ExpectedVersion,
)
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)


class Expectations(ContractBase):
    """Appends at the expected version, conflicts, and appends without events."""

    @pytest.mark.asyncio
    async def test_stored_events_follow_the_expected_version(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["first"])

        result = await store.persist_events(stream_id, ["second", "third"], expected_version=1)

        assert (result.stream_id, result.version) == (stream_id, 3)
        assert [event.version for event in result.events] == [2, 3]
        assert not result.stored_earlier

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, 1, 3, 70, MAX_VERSION - 1])
    async def test_an_exact_version_that_is_not_the_streams_conflicts(
        self, store: EventReaderWriter, stream_id: UUID, expected: int
    ) -> None:
        await store.persist_events(stream_id, ["a", "b"])

        result = await store.try_persist_events(stream_id, ["lost"], expected)

        assert result == ConcurrentModification(stream_id, expected, 2)
        assert payloads(await read_all(store, stream_id)) == ["a", "b"]

    @pytest.mark.asyncio
    async def test_a_version_of_a_stream_that_does_not_exist_conflicts(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.try_persist_events(stream_id, ["lost"], expected_version=5)

        assert result == ConcurrentModification(stream_id, 5, 0)
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    async def test_stream_exists_conflicts_on_a_new_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.try_persist_events(stream_id, ["lost"], STREAM_EXISTS)

        assert result == ConcurrentModification(stream_id, STREAM_EXISTS, 0)
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    async def test_stream_exists_appends_to_an_existing_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["a", "b"])

        result = await store.persist_events(stream_id, ["c"], STREAM_EXISTS)

        assert result.version == 3

    @pytest.mark.asyncio
    async def test_any_is_the_default_and_appends_at_any_version(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        versions = [
            (await store.persist_events(stream_id, ["a", "b"])).version,
            (await store.persist_events(stream_id, ["c"], ANY)).version,
            (await store.persist_events(stream_id, ["d"])).version,
        ]

        assert versions == [2, 3, 4]

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS])
    async def test_appends_of_another_store_do_not_conflict(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        async with self.reopened(store) as other:
            await store.persist_events(stream_id, ["a"])
            await other.persist_events(stream_id, ["b"], expected)

            result = await store.persist_events(stream_id, ["c"], expected)

        assert result.version == 3
        assert payloads(await read_all(store, stream_id)) == ["a", "b", "c"]

    @pytest.mark.asyncio
    async def test_a_conflict_is_raised_by_one_method_and_returned_by_the_other(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        returned = await store.try_persist_events(stream_id, ["lost"], 3)
        with pytest.raises(ConcurrentModification) as raised:
            await store.persist_events(stream_id, ["lost"], 3)

        assert returned == raised.value

    @pytest.mark.asyncio
    async def test_both_results_can_be_matched(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        for expected in (NO_STREAM, NO_STREAM):
            match await store.try_persist_events(stream_id, ["event"], expected):
                case Persisted(version=version, events=events):
                    assert (version, len(events)) == (1, 1)
                case ConcurrentModification(actual_version=actual):
                    assert actual == 1
                case never:
                    assert_never(never)
        assert await store.current_version(stream_id) == 1

    @pytest.mark.asyncio
    async def test_events_that_conflicted_can_be_appended_at_the_actual_version(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["faster"])
        events = [NewEvent("slower")]
        conflict = await store.try_persist_events(stream_id, events, NO_STREAM)
        assert isinstance(conflict, ConcurrentModification)

        result = await store.persist_events(stream_id, events, conflict.actual_version)

        assert (result.version, result.stored_earlier) == (2, False)

    # Without events

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [ANY, NO_STREAM])
    async def test_an_empty_append_creates_no_stream(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        assert await store.persist_events(stream_id, [], expected) == Persisted(stream_id, 0, ())
        assert await store.current_version(stream_id) == 0
        refused = await store.try_persist_events(stream_id, ["a"], STREAM_EXISTS)
        assert isinstance(refused, ConcurrentModification)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS, 2])
    async def test_an_empty_append_returns_the_streams_version(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        await store.persist_events(stream_id, ["a", "b"])

        result = await store.persist_events(stream_id, iter(()), expected)

        assert result == Persisted(stream_id, 2, ())
        assert payloads(await read_all(store, stream_id)) == ["a", "b"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("standing", "expected"),
        [(0, STREAM_EXISTS), (0, 1), (2, NO_STREAM), (2, 1), (2, 3), (2, MAX_VERSION)],
    )
    async def test_an_empty_append_still_checks_its_expectation(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        standing: int,
        expected: ExpectedVersion,
    ) -> None:
        await store.persist_events(stream_id, ["event"] * standing)

        result = await store.try_persist_events(stream_id, [], expected)

        assert result == ConcurrentModification(stream_id, expected, standing)
