"""Monitoring: what a store reports to its hooks, its health, and its statistics."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from ...errors import InvalidArgument, InvalidEvent
from ...events import NewEvent
from ...hooks import AppendEnded, ListEnded, ReadEnded, Record
from ...settings import Settings
from .base import ContractBase, needs


def _ended(reported: list[Record]) -> list[AppendEnded | ReadEnded]:
    return [record for record in reported if isinstance(record, AppendEnded | ReadEnded)]


class Monitoring(ContractBase):
    """Hooks, health and statistics, for stores that have them."""

    @pytest.fixture
    def reported(self) -> list[Record]:
        """Return the list that receives the records of ``watched``."""
        return []

    @pytest_asyncio.fixture
    async def watched(self, store: Any, reported: list[Record]) -> AsyncGenerator[Any, None]:
        """Yield a second store, with a hook."""
        async with self.reopened(store, settings=Settings(hooks=(reported.append,))) as other:
            yield other

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_an_append_is_reported_when_it_ends(
        self, watched: Any, reported: list[Record], stream_id: UUID
    ) -> None:
        await watched.persist_events(stream_id, ["a", "b"])

        (record,) = _ended(reported)
        assert isinstance(record, AppendEnded)
        assert (record.stream_id, record.outcome, record.error) == (stream_id, "stored", None)
        assert (record.events, record.version) == (2, 2)
        assert 0 < record.bytes < record.limit
        assert 0 <= record.queue_wait <= record.duration

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_the_outcomes_of_appends_are_distinguished(
        self, watched: Any, reported: list[Record], stream_id: UUID
    ) -> None:
        event = NewEvent("a")
        await watched.persist_events(stream_id, [event], 0)
        await watched.persist_events(stream_id, [event], 0)
        await watched.try_persist_events(stream_id, ["b"], 7)
        with pytest.raises(InvalidEvent):
            await watched.persist_events(stream_id, "b")

        assert [(record.outcome, record.error) for record in _ended(reported)] == [
            ("stored", None),
            ("stored_earlier", None),
            ("conflict", "ConcurrentModification"),
            ("invalid", "InvalidEvent"),
        ]

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_a_read_is_reported_when_it_ends(
        self, watched: Any, reported: list[Record], stream_id: UUID
    ) -> None:
        await watched.persist_events(stream_id, ["a", "b", "c"])
        reported.clear()

        async for _ in watched.read_events(stream_id, backward=True):
            assert _ended(reported) == []
        async with aclosing(watched.read_events(stream_id)) as events:
            async for _ in events:
                break

        whole, half = _ended(reported)
        assert isinstance(whole, ReadEnded)
        assert isinstance(half, ReadEnded)
        assert (whole.outcome, whole.events, whole.backward) == ("complete", 3, True)
        assert (half.outcome, half.error, half.events) == ("stopped", None, 1)

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others", "follows")
    async def test_the_polls_of_a_follower_are_reported_as_reads(
        self, watched: Any, reported: list[Record], stream_id: UUID
    ) -> None:
        await watched.persist_events(stream_id, ["a", "b"])
        reported.clear()

        async with aclosing(watched.follow(stream_id)) as events:
            for _ in range(2):
                await anext(events)
            assert _ended(reported) == []
            coming = asyncio.ensure_future(anext(events))
            await watched.persist_events(stream_id, ["c"])
            await coming

        polls = [each for each in _ended(reported) if isinstance(each, ReadEnded)]
        assert {poll.stream_id for poll in polls} == {stream_id}
        assert sum(poll.events for poll in polls) == 3
        assert (polls[0].outcome, polls[0].events) == ("complete", 2)
        assert (polls[-1].outcome, polls[-1].events) == ("stopped", 1)

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others", "lists_streams")
    async def test_a_list_is_reported_when_it_ends(
        self, watched: Any, reported: list[Record]
    ) -> None:
        for _ in range(2):
            await watched.persist_events(uuid4(), ["a"])
        reported.clear()

        whole = [head async for head in watched.streams()]
        async with aclosing(watched.streams()) as heads:
            async for _ in heads:
                break

        records = [record for record in reported if isinstance(record, ListEnded)]
        assert [(record.outcome, record.error, record.streams) for record in records] == [
            ("complete", None, len(whole)),
            ("stopped", None, 1),
        ]
        assert all(record.duration >= 0 for record in records)

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_a_hook_that_raises_affects_no_call(self, store: Any, stream_id: UUID) -> None:

        def broken(_: Record) -> None:
            raise ZeroDivisionError

        async with self.reopened(store, settings=Settings(hooks=(broken,))) as other:
            await other.persist_events(stream_id, ["a"])
            await other.persist_events(stream_id, ["b"])
            read = [event.payload async for event in other.read_events(stream_id)]

        assert read == ["a", "b"]

    @pytest.mark.asyncio
    @needs("is_monitored")
    async def test_a_store_that_works_is_ready(self, store: Any) -> None:
        health = await store.health(timeout=10.0)

        assert health.is_ready
        assert health.reasons == ()
        assert health.latency is not None
        assert 0 <= health.latency < 10

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_a_closed_store_is_not_ready_and_says_why(self, store: Any) -> None:
        other: Any = self.reopened(store)
        await other.close()

        health = await other.health()

        assert not health.is_ready
        assert health.reasons == ("the store is closed",)

    @pytest.mark.asyncio
    @needs("is_monitored")
    @pytest.mark.parametrize("timeout", [0, -1, "1", True])
    async def test_an_invalid_timeout_of_health_is_refused(self, store: Any, timeout: Any) -> None:
        with pytest.raises(InvalidArgument):
            await store.health(timeout=timeout)

    @pytest.mark.asyncio
    @needs("is_monitored")
    async def test_statistics_describe_the_store(self, store: Any) -> None:
        statistics = store.statistics()

        assert statistics.append_limit == Settings().max_append_bytes
        assert statistics.appends_waiting == 0
