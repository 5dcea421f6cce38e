"""Correlation: ids that are set once are written into the metadata of every event."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...correlation import caused_by, correlated
from ...errors import InvalidArgument
from ...events import NewEvent, RecordedEvent
from ...ports import EventReaderWriter
from .base import ContractBase, read_all


class Correlation(ContractBase):
    """Correlation and causation ids, by `correlated` and `caused_by`."""

    @pytest.mark.asyncio
    async def test_ids_are_written_into_every_event_appended_inside(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        transaction = uuid4()
        with correlated(transaction, "command-7"):
            result = await store.persist_events(stream_id, ["a", NewEvent("b", type="b")])
        await store.persist_events(stream_id, ["outside"])

        read = await read_all(store, stream_id)
        inside = {"correlation_id": str(transaction), "causation_id": "command-7"}
        assert [event.metadata for event in read] == [inside, inside, None]
        assert result.events == tuple(read[:2])

    @pytest.mark.asyncio
    async def test_ids_in_an_events_own_metadata_are_kept(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event = NewEvent("a", metadata={"user": "ann", "correlation_id": "its own"})
        with correlated("ours", "theirs"):
            await store.persist_events(stream_id, [event])

        (read,) = await read_all(store, stream_id)
        own = {"user": "ann", "correlation_id": "its own", "causation_id": "theirs"}
        assert read.metadata == own
        assert event.metadata == {"user": "ann", "correlation_id": "its own"}

    @pytest.mark.asyncio
    async def test_an_id_that_is_not_given_is_inherited(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        with correlated("request-1"):
            with correlated(causation_id="command-2"):
                await store.persist_events(stream_id, ["inner"])
            await store.persist_events(stream_id, ["outer"])

        inner, outer = await read_all(store, stream_id)
        assert inner.metadata == {"correlation_id": "request-1", "causation_id": "command-2"}
        assert outer.metadata == {"correlation_id": "request-1"}

    @pytest.mark.asyncio
    async def test_concurrent_tasks_keep_their_ids_apart(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async def append(name: str) -> None:
            with correlated(name):
                await asyncio.sleep(0)
                await store.persist_events(stream_id, [name])

        await asyncio.gather(*(append(f"task-{number}") for number in range(8)))

        for event in await read_all(store, stream_id):
            assert event.metadata == {"correlation_id": event.payload}

    @pytest.mark.asyncio
    async def test_an_event_causes_others(self, store: EventReaderWriter, stream_id: UUID) -> None:
        with correlated("request-1"):
            (first,) = (await store.persist_events(stream_id, ["first"])).events
        with caused_by(first):
            (second,) = (await store.persist_events(stream_id, ["second"])).events
        with caused_by(second):
            (third,) = (await store.persist_events(stream_id, ["third"])).events

        assert _ids(second) == ("request-1", str(first.event_id))
        assert _ids(third) == ("request-1", str(second.event_id))

    @pytest.mark.asyncio
    async def test_an_event_without_a_correlation_begins_one(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        (first,) = (await store.persist_events(stream_id, ["first"])).events
        with caused_by(first):
            (second,) = (await store.persist_events(stream_id, ["second"])).events

        assert _ids(second) == (str(first.event_id), str(first.event_id))

    @pytest.mark.asyncio
    async def test_repeating_an_append_with_other_ids_stores_it_once(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        events = [NewEvent("a")]
        with correlated("first"):
            await store.persist_events(stream_id, events)
        with correlated("second"):
            result = await store.persist_events(stream_id, events)

        assert result.stored_earlier
        assert _ids(result.events[0]) == ("first", None)
        assert await store.current_version(stream_id) == 1

    @pytest.mark.parametrize("wrong", [7, "", b"id"])
    def test_an_id_must_be_a_str_or_a_uuid(self, wrong: Any) -> None:
        with pytest.raises(InvalidArgument, match="correlation_id must be a UUID or a str"):
            correlated(wrong).__enter__()

    def test_an_event_without_an_id_cannot_cause_others(self, stream_id: UUID) -> None:
        from datetime import UTC, datetime

        event = RecordedEvent(stream_id, 3, "a", datetime(2018, 1, 1, tzinfo=UTC))
        with pytest.raises(InvalidArgument, match="has no id"):
            caused_by(event).__enter__()


def _ids(event: RecordedEvent) -> tuple[str | None, str | None]:
    metadata = event.metadata or {}
    return metadata.get("correlation_id"), metadata.get("causation_id")
