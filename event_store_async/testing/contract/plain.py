"""Arguments of subclasses: what is stored, returned and read is of the plain types."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...codec import RawCodec
from ...correlation import caused_by, correlated
from ...errors import ConcurrentModification, UndecodableEvent
from ...events import NewEvent, RecordedEvent
from ...ports import EventReaderWriter
from ...settings import Settings
from .base import ContractBase, needs, payloads, read_all


class Key(UUID):
    """A UUID like those of database drivers, with a text of its own."""

    def __str__(self) -> str:
        return f"key {self.int}"


class Kind(StrEnum):
    """Types of events by name."""

    OPENED = "opened"


class Old(str, Enum):  # noqa: UP042 - unlike that of a StrEnum, its str() is not its value
    """Types of events by name, in the way of older programs."""

    OPENED = "opened"


class Word(str):
    """A str with a text of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another text"


class At(IntEnum):
    """Versions by name."""

    NOTHING = 0
    FIRST = 1
    SECOND = 2


class Moment(datetime):
    """Like those of libraries that fake or extend `datetime`, with an arithmetic of its own."""

    def __sub__(self, other: Any) -> Any:
        raise TypeError("a difference is of a class of its own")

    def isoformat(self, *_: Any, **__: Any) -> str:
        return "another text"


class Day(date):
    """Like those of libraries that fake or extend `date`."""


class Blob(bytes):
    """Bytes that know more than bytes."""


class Shown(str):
    """The content type of a codec."""

    __slots__ = ()


class EnumCodec:
    """A codec whose content type is not a plain str, and that no other store has."""

    content_type = Shown("text/x-shown")

    def encode(self, payload: Any) -> bytes:
        return str(payload).encode()

    def decode(self, data: bytes) -> Any:
        return data.decode()


def leaves(value: Any) -> Iterator[Any]:
    """Yield what a value consists of, down to what JSON does not divide."""
    if isinstance(value, RecordedEvent):
        fields = (value.stream_id, value.version, value.timestamp, value.event_id, value.type)
        for field in (*fields, value.metadata):
            yield from leaves(field)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(key)
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def types(*values: Any) -> set[type]:
    """Return the types of all that values consist of."""
    return {type(leaf) for leaf in leaves(values)}


PLAIN = {UUID, int, datetime, str, type(None)}


class PlainValues(ContractBase):
    """Subclasses of UUID, str, int and datetime as arguments."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", [Kind.OPENED, Old.OPENED, Word("opened")], ids=repr)
    async def test_a_type_is_recorded_as_a_plain_str(
        self, store: EventReaderWriter, stream_id: UUID, name: str
    ) -> None:
        result = await store.persist_events(stream_id, [NewEvent("a", type=name)])

        (event,) = await read_all(store, stream_id)
        for each in (event, *result.events):
            assert (each.type, type(each.type)) == ("opened", str)

    @pytest.mark.asyncio
    async def test_an_event_id_is_recorded_as_a_plain_uuid(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event_id = Key(int=uuid4().int)
        event = NewEvent("a", event_id=event_id)
        result = await store.persist_events(stream_id, [event])
        again = await store.persist_events(stream_id, [event])
        conflict = await store.try_persist_events(stream_id, [event, "b"])

        (read,) = await read_all(store, stream_id)
        assert again.stored_earlier
        for each in (read, *result.events, *again.events):
            assert (each.event_id, type(each.event_id)) == (UUID(int=event_id.int), UUID)
        assert isinstance(conflict, ConcurrentModification)
        assert conflict.found == {UUID(int=event_id.int): 1}
        assert types(list(conflict.found)) == {UUID}

    @pytest.mark.asyncio
    async def test_a_stream_id_is_a_plain_uuid_everywhere(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        key = Key(int=stream_id.int)
        result = await store.persist_events(key, ["a"])
        conflict = await store.try_persist_events(key, ["b"], 7)

        events = await read_all(store, key)
        assert await store.current_version(stream_id) == await store.current_version(key) == 1
        assert payloads(await read_all(store, stream_id)) == payloads(events) == ["a"]
        found = (result.stream_id, result.events, conflict.stream_id, events)
        assert types(*found) <= PLAIN
        assert result.stream_id == conflict.stream_id == stream_id

    @pytest.mark.asyncio
    async def test_versions_may_be_of_a_subclass_of_int(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        first = await store.persist_events(stream_id, ["a"], At.NOTHING)
        second = await store.persist_events(stream_id, ["b", "c"], At.FIRST)
        conflict = await store.try_persist_events(stream_id, ["d"], At.SECOND)

        assert isinstance(conflict, ConcurrentModification)
        assert (conflict.expected_version, conflict.actual_version) == (2, 3)
        events = await read_all(store, stream_id, At.SECOND, At.FIRST, page_size=At.FIRST)
        assert payloads(events) == ["b"]
        backward = await read_all(store, stream_id, At.SECOND, backward=True)
        assert payloads(backward) == ["b", "a"]
        facts = (conflict.expected_version, conflict.actual_version, first.version, second.version)
        assert types(*facts, events, backward) <= PLAIN
        assert types(*facts) == {int}

    @pytest.mark.asyncio
    async def test_metadata_is_read_as_plain_json(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        metadata = {"kind": Old.OPENED, "at": [At.FIRST, Key(int=7)], "when": Moment(2026, 1, 2)}
        await store.persist_events(stream_id, [NewEvent("a", metadata=metadata)])

        (event,) = await read_all(store, stream_id)
        assert event.metadata == {
            "kind": "opened",
            "at": [1, str(UUID(int=7))],
            "when": "2026-01-02T00:00:00",
        }
        assert types(event) <= PLAIN

    @pytest.mark.asyncio
    async def test_correlation_ids_are_plain_str(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        with correlated(Old.OPENED, Key(int=7)):
            result = await store.persist_events(stream_id, ["a"])
        with correlated(Word("word")), caused_by(result.events[0]):
            caused = await store.persist_events(stream_id, ["b"])
        with correlated(Word("word")):
            own = await store.persist_events(stream_id, ["c"])

        events = await read_all(store, stream_id)
        wanted = [
            {"correlation_id": "opened", "causation_id": str(UUID(int=7))},
            {"correlation_id": "opened", "causation_id": str(events[0].event_id)},
            {"correlation_id": "word"},
        ]
        assert [event.metadata for event in events] == wanted
        returned = (*result.events, *caused.events, *own.events)
        assert [event.metadata for event in returned] == wanted
        assert types(events, returned) <= PLAIN

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("hours", [0, -5])
    async def test_times_and_ids_of_the_settings_are_recorded_as_plain_ones(
        self, store: EventReaderWriter, stream_id: UUID, hours: int
    ) -> None:
        zone = timezone(timedelta(hours=hours)) if hours else UTC
        now = Moment(2026, 1, 2, 13 + hours, 4, 5, 999_999, tzinfo=zone)
        settings = Settings(clock=lambda: now, new_event_id=lambda: Key(int=uuid4().int))
        async with self.reopened(store, settings=settings) as other:
            result = await other.persist_events(stream_id, ["a"])

        events = (*result.events, *await read_all(store, stream_id))
        assert {event.timestamp for event in events} == {
            datetime(2026, 1, 2, 13, 4, 5, 999_000, UTC)
        }
        assert types(events) <= PLAIN

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_bytes_are_read_as_plain_bytes(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=RawCodec()) as raw:
            await raw.persist_events(stream_id, [Blob(b"a")])

        (event,) = await read_all(store, stream_id)
        assert (event.payload, type(event.payload)) == (b"a", bytes)

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_content_type_is_stored_as_a_plain_str(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=EnumCodec()) as other:
            await other.persist_events(stream_id, ["a"])
            assert payloads(await read_all(other, stream_id)) == ["a"]
            with pytest.raises(UndecodableEvent) as caught:
                await read_all(store, stream_id)

        content_type = caught.value.content_type
        assert (content_type, type(content_type)) == ("text/x-shown", str)
