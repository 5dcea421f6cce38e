"""Concurrent calls: nothing is lost or stored twice, and each expectation has one winner."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from uuid import UUID, uuid4

import pytest

from ...errors import ConcurrentModification
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...results import Persisted
from ...versions import NO_STREAM
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)


class Concurrency(ContractBase):
    """Concurrent tasks of one process, and two stores on the same streams."""

    @pytest.mark.asyncio
    async def test_appends_of_many_tasks_are_stored_in_the_order_of_the_calls(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        results = await asyncio.gather(
            *(store.persist_events(stream_id, [number]) for number in range(32))
        )

        assert [result.version for result in results] == list(range(1, 33))
        assert payloads(await read_all(store, stream_id)) == list(range(32))

    @pytest.mark.asyncio
    async def test_the_events_of_one_append_stay_together(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await asyncio.gather(
            *(store.persist_events(stream_id, [[task, n] for n in range(3)]) for task in range(10))
        )

        read = payloads(await read_all(store, stream_id))
        assert read == [[task, n] for task in range(10) for n in range(3)]

    @pytest.mark.asyncio
    async def test_exactly_one_of_many_with_the_same_expectation_wins(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        results = await asyncio.gather(
            *(store.try_persist_events(stream_id, [n], NO_STREAM) for n in range(20))
        )

        conflicts = [result for result in results if isinstance(result, ConcurrentModification)]
        assert len(conflicts) == 19
        assert {conflict.actual_version for conflict in conflicts} == {1}
        assert await store.current_version(stream_id) == 1

    @pytest.mark.asyncio
    async def test_read_then_append_in_a_loop_loses_no_update(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [0])

        async def increment() -> None:
            while True:
                (last,) = await read_all(store, stream_id, max_count=1, backward=True)
                result = await store.try_persist_events(stream_id, [last.payload + 1], last.version)
                if isinstance(result, Persisted):
                    return

        await asyncio.gather(*(increment() for _ in range(8)))

        assert payloads(await read_all(store, stream_id)) == list(range(9))

    @pytest.mark.asyncio
    async def test_the_same_events_from_many_tasks_are_stored_once(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        events = [NewEvent("a"), NewEvent("b")]

        results = await asyncio.gather(
            *(store.persist_events(stream_id, events) for _ in range(10))
        )

        assert {result.version for result in results} == {2}
        assert [result.stored_earlier for result in results].count(False) == 1
        assert payloads(await read_all(store, stream_id)) == ["a", "b"]

    @pytest.mark.asyncio
    async def test_streams_are_isolated_from_each_others_appends(
        self, store: EventReaderWriter
    ) -> None:
        streams = [uuid4() for _ in range(8)]

        await asyncio.gather(
            *(store.persist_events(stream, [n]) for n in range(4) for stream in streams)
        )

        for stream in streams:
            assert payloads(await read_all(store, stream)) == [0, 1, 2, 3]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_two_stores_that_expect_any_version_lose_nothing(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            results = await asyncio.gather(
                *(each.persist_events(stream_id, [n]) for n in range(8) for each in (store, other))
            )

        assert sorted(result.version for result in results) == list(range(1, 17))
        assert sorted(payloads(await read_all(store, stream_id))) == sorted([*range(8)] * 2)

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_exactly_one_of_two_stores_with_the_same_expectation_wins(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            for version in range(5):
                results = await asyncio.gather(
                    store.try_persist_events(stream_id, ["one"], version),
                    other.try_persist_events(stream_id, ["other"], version),
                )
                assert [type(result) for result in results].count(Persisted) == 1
                conflict = next(r for r in results if isinstance(r, ConcurrentModification))
                assert conflict.actual_version == version + 1

        assert await store.current_version(stream_id) == 5

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_the_same_events_through_two_stores_are_stored_once(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            for round_ in range(1, 6):
                events = [NewEvent("a")]
                results = await asyncio.gather(
                    store.persist_events(stream_id, events),
                    other.persist_events(stream_id, events),
                )
                assert [result.version for result in results] == [round_, round_]
                assert sorted(result.stored_earlier for result in results) == [False, True]

        assert await store.current_version(stream_id) == 5

    @pytest.mark.asyncio
    async def test_an_append_cancelled_before_its_first_step_stores_nothing(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        appending = asyncio.ensure_future(store.persist_events(stream_id, ["a"]))
        appending.cancel()

        with pytest.raises(asyncio.CancelledError):
            await appending

        assert (await store.persist_events(stream_id, ["b"])).version == 1
