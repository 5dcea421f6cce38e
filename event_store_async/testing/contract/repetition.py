"""Repetition: an append that is repeated with the same event ids is stored once."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from uuid import UUID, uuid4

import pytest

from ...errors import ConcurrentModification
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...results import Persisted
from ...settings import Settings
from ...versions import (
    ANY,
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

A, B, C = (NewEvent(name, event_id=uuid4()) for name in "abc")
"""Ids are compared within a stream, so all tests can use the same ones."""


class Repetition(ContractBase):
    """Appends of which all events, or some of them, are stored already."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY])
    async def test_repeating_an_append_is_safe(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        first = await store.persist_events(stream_id, [A, B], expected)
        await store.persist_events(stream_id, ["others come between"])

        again = await store.persist_events(stream_id, [A, B], expected)

        assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)
        assert payloads(await read_all(store, stream_id)) == ["a", "b", "others come between"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [1, ANY, STREAM_EXISTS])
    async def test_repeating_an_append_to_an_existing_stream_is_safe(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        await store.persist_events(stream_id, ["begin"])
        first = await store.persist_events(stream_id, [A], expected)

        again = await store.persist_events(stream_id, [A], expected)

        assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)
        assert await store.current_version(stream_id) == 2

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY, STREAM_EXISTS])
    async def test_the_first_events_of_an_append_are_recognised_alone(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        first = await store.persist_events(stream_id, [A, B, C])

        again = await store.persist_events(stream_id, [A, B], expected)

        assert again == Persisted(stream_id, 2, first.events[:2], stored_earlier=True)

    @pytest.mark.asyncio
    async def test_a_repetition_returns_the_stored_events(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        original = NewEvent({"amount": 1}, type="deposited", metadata={"by": "ann"})
        await store.persist_events(stream_id, [original])
        changed = NewEvent({"amount": 2}, event_id=original.event_id)

        again = await store.persist_events(stream_id, [changed])

        assert again.events == tuple(await read_all(store, stream_id))
        (event,) = again.events
        assert (event.payload, event.type, event.metadata) == (
            {"amount": 1},
            "deposited",
            {"by": "ann"},
        )

    @pytest.mark.asyncio
    async def test_a_repetition_with_other_events_after_the_first_conflicts(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A, B], NO_STREAM)

        result = await store.try_persist_events(stream_id, [A, C], NO_STREAM)

        assert result == ConcurrentModification(stream_id, NO_STREAM, 2)
        assert await store.current_version(stream_id) == 2

    @pytest.mark.asyncio
    async def test_a_repetition_with_more_events_than_are_stored_conflicts(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A, B], NO_STREAM)

        result = await store.try_persist_events(stream_id, [A, B, C], NO_STREAM)

        assert result == ConcurrentModification(stream_id, NO_STREAM, 2)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS])
    @pytest.mark.parametrize(
        "events",
        [
            pytest.param([A, C], id="the first"),
            pytest.param([C, B], id="the last"),
            pytest.param([A, B, C], id="all but the last"),
            pytest.param([C, A, B], id="all but the first"),
            pytest.param([A, "bare"], id="the first, and a bare payload"),
            pytest.param([B, A], id="all, in another order"),
        ],
    )
    async def test_finding_only_some_of_the_ids_conflicts(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        events: list[NewEvent],
        expected: ExpectedVersion,
    ) -> None:
        await store.persist_events(stream_id, [A, B])

        result = await store.try_persist_events(stream_id, events, expected)

        assert result == ConcurrentModification(stream_id, expected, 2)
        assert payloads(await read_all(store, stream_id)) == ["a", "b"]

    @pytest.mark.asyncio
    async def test_ids_that_are_not_adjacent_conflict(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        for event in (A, "between", B):
            await store.persist_events(stream_id, [event])

        result = await store.try_persist_events(stream_id, [A, B])

        assert result == ConcurrentModification(stream_id, ANY, 3)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, 1, 2, 5])
    async def test_a_request_that_comes_twice_is_stored_once_at_any_exact_version(
        self, store: EventReaderWriter, stream_id: UUID, expected: int
    ) -> None:
        """A handler reads the version, and appends the events of a request that it has served."""
        first = await store.persist_events(stream_id, [A], NO_STREAM)
        await store.persist_events(stream_id, ["others come between"])

        again = await store.persist_events(stream_id, [A], expected)

        assert again == Persisted(stream_id, 1, first.events, stored_earlier=True)
        assert await store.current_version(stream_id) == 2

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, 1, 2, 3, ANY, STREAM_EXISTS])
    async def test_a_conflict_names_the_ids_that_are_stored_already(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        await store.persist_events(stream_id, ["begin", A])

        result = await store.try_persist_events(stream_id, [C, A], expected)

        assert result == ConcurrentModification(stream_id, expected, 2)
        assert isinstance(result, ConcurrentModification)
        assert result.found == {A.event_id: 2}
        assert f"{A.event_id} at version 2" in str(result)
        as_expected = expected in {ANY, STREAM_EXISTS}
        assert (f"expected {expected!r}" in str(result)) is not as_expected
        assert await store.current_version(stream_id) == 2

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [1, 3])
    async def test_new_ids_at_a_wrong_exact_version_conflict(
        self, store: EventReaderWriter, stream_id: UUID, expected: int
    ) -> None:
        await store.persist_events(stream_id, ["begin", A])

        result = await store.try_persist_events(stream_id, [B], expected)

        assert result == ConcurrentModification(stream_id, expected, 2)
        assert isinstance(result, ConcurrentModification)
        assert result.found == {}

    @pytest.mark.asyncio
    async def test_bare_payloads_are_new_each_time(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["same"])

        result = await store.persist_events(stream_id, ["same"])

        assert (result.version, result.stored_earlier) == (2, False)

    @pytest.mark.asyncio
    async def test_ids_count_within_their_stream(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [A])

        result = await store.persist_events(uuid4(), [A])

        assert (result.version, result.stored_earlier) == (1, False)

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY])
    async def test_an_append_can_be_repeated_through_another_store(
        self, store: EventReaderWriter, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        first = await store.persist_events(stream_id, [A, B], expected)

        async with self.reopened(store) as other:
            again = await other.persist_events(stream_id, [A, B], expected)

        assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("exact", [False, True], ids=["any", "exact"])
    async def test_ids_beyond_the_look_back_are_not_found(
        self, store: EventReaderWriter, stream_id: UUID, exact: bool
    ) -> None:
        async with self.reopened(store, settings=Settings(look_back=2)) as short:
            await short.persist_events(stream_id, [A])
            await short.persist_events(stream_id, ["b", "c"])

            found = await short.persist_events(stream_id, [A], 3 if exact else ANY)
            await short.persist_events(stream_id, ["d"])
            missed = await short.persist_events(stream_id, [A], 4 if exact else ANY)

        assert (found.stored_earlier, found.version) == (True, 1)
        assert (missed.stored_earlier, missed.version) == (False, 5)

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_exact_version_finds_its_own_place_beyond_the_look_back(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, settings=Settings(look_back=1)) as short:
            await short.persist_events(stream_id, ["begin"])
            first = await short.persist_events(stream_id, [A], 1)
            await short.persist_events(stream_id, ["b", "c", "d"])

            again = await short.persist_events(stream_id, [A], 1)

        assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)
