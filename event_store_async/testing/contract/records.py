"""What is recorded of an event: payload, type, metadata, id and time."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID

import pytest

from ...errors import InvalidArgument
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...settings import Settings
from ...versions import ANY, ExpectedVersion
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)


class NoOffset(tzinfo):
    """A time zone that does not say how far it is from UTC."""

    def utcoffset(self, _moment: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


class Records(ContractBase):
    """Recorded events, as an append returns them and as they are read."""

    @pytest.mark.asyncio
    async def test_the_returned_events_are_those_read_back(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event = NewEvent({"amount": 50}, type="deposited", metadata={"user": "ann"})

        result = await store.persist_events(stream_id, [event, {"amount": 7}])

        first, second = read = await read_all(store, stream_id)
        assert result.events == tuple(read)
        assert (first.stream_id, first.version, first.payload) == (stream_id, 1, {"amount": 50})
        assert (first.event_id, first.type, first.metadata) == (
            event.event_id,
            "deposited",
            {"user": "ann"},
        )
        assert (second.version, second.payload) == (2, {"amount": 7})
        assert (second.type, second.metadata) == (None, None)

    @pytest.mark.asyncio
    async def test_the_append_returns_the_payload_object_that_it_was_given(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        payload = {"amount": 50}

        result = await store.persist_events(stream_id, [payload])

        assert result.events[0].payload is payload

    @pytest.mark.asyncio
    async def test_changing_a_payload_object_does_not_change_what_is_stored(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        payload: dict[str, Any] = {"lines": [1]}
        metadata: dict[str, Any] = {"user": "ann"}
        await store.persist_events(stream_id, [NewEvent(payload, metadata=metadata)])

        payload["lines"].append(2)
        metadata["user"] = "bob"
        (read,) = await read_all(store, stream_id)
        read.payload["lines"].append(3)

        (again,) = await read_all(store, stream_id)
        assert (again.payload, again.metadata) == ({"lines": [1]}, {"user": "ann"})

    @pytest.mark.asyncio
    async def test_an_iterator_is_consumed_once_and_in_order(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, (number for number in range(5)))

        assert payloads(await read_all(store, stream_id)) == [0, 1, 2, 3, 4]

    @pytest.mark.asyncio
    async def test_a_recorded_event_is_immutable(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["event"])
        (event,) = await read_all(store, stream_id)

        with pytest.raises(FrozenInstanceError):
            event.version = 2  # type: ignore[misc]
        assert not hasattr(event, "__dict__")

    @pytest.mark.asyncio
    async def test_empty_metadata_is_not_none(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, [NewEvent("a", metadata={}), NewEvent("b")])

        assert [event.metadata for event in await read_all(store, stream_id)] == [{}, None]

    @pytest.mark.asyncio
    async def test_metadata_is_any_json_object(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        metadata = {"who": {"name": "Zoë"}, "retries": [1, 2.5, None, True], "": ""}
        await store.persist_events(stream_id, [NewEvent("a", metadata=metadata)])

        (event,) = await read_all(store, stream_id)
        assert event.metadata == metadata

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", ["account-opened", "Kontoeröffnung", "💶", "a b\n'c'"])
    async def test_a_type_is_any_str(
        self, store: EventReaderWriter, stream_id: UUID, name: str
    ) -> None:
        await store.persist_events(stream_id, [NewEvent("a", type=name)])

        (event,) = await read_all(store, stream_id)
        assert event.type == name

    # Ids

    @pytest.mark.asyncio
    async def test_events_without_an_id_get_fresh_ones(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.persist_events(stream_id, ["a", "b", NewEvent("c")])

        ids = [event.event_id for event in await read_all(store, stream_id)]
        assert ids == [event.event_id for event in result.events]
        assert len({*ids}) == 3
        assert None not in ids

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_fresh_ids_come_from_the_settings(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        numbers = iter(range(1, 10))
        settings = Settings(new_event_id=lambda: UUID(int=next(numbers)))

        async with self.reopened(store, settings=settings) as other:
            await other.persist_events(stream_id, ["a", NewEvent("own"), "b"])

        first, own, second = await read_all(store, stream_id)
        assert (first.event_id, second.event_id) == (UUID(int=1), UUID(int=2))
        assert own.event_id not in {None, UUID(int=1), UUID(int=2)}

    # Time

    @pytest.mark.asyncio
    async def test_timestamps_are_aware_utc_and_of_whole_milliseconds(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.persist_events(stream_id, ["a", "b"])

        for event in (*result.events, *await read_all(store, stream_id)):
            assert event.timestamp.tzinfo is UTC
            assert event.timestamp.microsecond % 1000 == 0

    @pytest.mark.asyncio
    async def test_the_timestamp_returned_is_the_one_read(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        result = await store.persist_events(stream_id, ["a", "b"])

        read = {event.timestamp for event in await read_all(store, stream_id)}
        assert read == {event.timestamp for event in result.events}
        assert len(read) == 1

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize(
        ("now", "recorded"),
        [
            pytest.param(
                datetime(2013, 1, 1, 5, 15, 0, 999_999, UTC),
                datetime(2013, 1, 1, 5, 15, 0, 999_000, UTC),
                id="rounded down",
            ),
            pytest.param(
                datetime(2013, 1, 1, 5, 15, tzinfo=timezone(timedelta(hours=-5))),
                datetime(2013, 1, 1, 10, 15, tzinfo=UTC),
                id="another time zone",
            ),
            pytest.param(
                datetime(1969, 12, 31, 23, 59, 59, 1, UTC),
                datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
                id="before 1970",
            ),
        ],
    )
    async def test_the_time_comes_from_the_settings(
        self, store: EventReaderWriter, stream_id: UUID, now: datetime, recorded: datetime
    ) -> None:
        async with self.reopened(store, settings=Settings(clock=lambda: now)) as other:
            result = await other.persist_events(stream_id, ["a"])

        (read,) = await read_all(store, stream_id)
        for event in (*result.events, read):
            assert event.timestamp == recorded
            assert event.timestamp.tzinfo is UTC

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("expected", [ANY, 0, 1])
    @pytest.mark.parametrize(
        ("now", "says"),
        [
            (datetime(2013, 1, 1, 5, 15), "without a time zone"),  # noqa: DTZ001 - the case
            (datetime(2013, 1, 1, tzinfo=NoOffset()), "without a time zone"),
            (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "out of range"),
            (1357017300.5, "returned float, not a datetime"),
            (date(2013, 1, 1), "returned date, not a datetime"),
            (None, "returned NoneType, not a datetime"),
        ],
        ids=repr,
    )
    async def test_a_clock_without_a_zone_refuses_the_append(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        now: Any,
        says: str,
        expected: ExpectedVersion,
    ) -> None:
        version = 0
        if expected:
            version = (await store.persist_events(stream_id, ["before"])).version
        async with self.reopened(store, settings=Settings(clock=lambda: now)) as other:
            for events in (["a"], [NewEvent("b")]):
                with pytest.raises(InvalidArgument, match=says) as caught:
                    await other.persist_events(stream_id, events, expected)
                assert "clock" in str(caught.value)

        assert await store.current_version(stream_id) == version
