"""Payloads: what codecs store, what they refuse, and events that no codec can decode."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from ...codec import JsonCodec, RawCodec
from ...errors import ConcurrentModification, PayloadNotEncodable, UndecodableEvent
from ...events import NewEvent
from ...ports import EventReaderWriter
from . import invalid
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)
from .plain import Day, Key, Moment


class ShoutingCodec:
    """A custom codec for strings; it refuses lower case, and cannot decode an empty string."""

    content_type = "text/x-shouting"

    def encode(self, payload: Any) -> bytes:
        if not payload.isupper() and payload:
            raise LookupError(f"a whisper: {payload}")
        return bytes(payload, "utf-8")

    def decode(self, data: bytes) -> str:
        if not data:
            raise LookupError("silence")
        return data.decode()


class BrokenCodec(ShoutingCodec):
    """A codec that breaks the contract of codecs: it does not return bytes."""

    def encode(self, payload: Any) -> bytes:
        return payload  # type: ignore[no-any-return]


class PythonsJson:
    """Writes what `JsonCodec` reads, by Python's own library, as another program may."""

    content_type = "application/json"

    def encode(self, payload: Any) -> bytes:
        return json.dumps(payload).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data)


class Colour(Enum):
    """A payload whose JSON form is its value."""

    RED = "red"


@dataclass
class Hidden:
    """A payload whose JSON form has all its fields."""

    _first: int
    second: int = 2


class CodecTests(ContractBase):
    """Payloads, through the store and back."""

    @pytest.mark.asyncio
    @needs("keeps_json")
    @pytest.mark.parametrize(
        "payload",
        [
            None,
            True,
            0,
            2**53 + 1,
            -(2**63),
            2**64 - 1,
            0.1,
            -1e300,
            "",
            "null",
            "\x00 ß 💶",
            [],
            {},
            {"nested": [{"deep": [1, [2, {"er": None}]]}]},
        ],
        ids=repr,
    )
    async def test_json_comes_back_unchanged(
        self, store: EventReaderWriter, stream_id: UUID, payload: Any
    ) -> None:
        await store.persist_events(stream_id, [payload])

        (event,) = await read_all(store, stream_id)
        assert event.payload == payload
        assert type(event.payload) is type(payload)

    @pytest.mark.asyncio
    @needs("keeps_json")
    @pytest.mark.parametrize(
        ("payload", "form"),
        [
            ((1, 2), [1, 2]),
            (datetime(2013, 1, 1, 5, 15, tzinfo=UTC), "2013-01-01T05:15:00+00:00"),
            (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
            (Colour.RED, "red"),
            (invalid.Measured(1.5), {"value": 1.5}),
            ([Hidden(1)], [{"_first": 1, "second": 2}]),
            (Moment(2013, 1, 1, 5, 15, tzinfo=UTC), "2013-01-01T05:15:00+00:00"),
            (Day(2013, 1, 1), "2013-01-01"),
            (Key(int=7), "00000000-0000-0000-0000-000000000007"),
        ],
        ids=repr,
    )
    async def test_other_types_are_read_back_in_their_json_form(
        self, store: EventReaderWriter, stream_id: UUID, payload: Any, form: Any
    ) -> None:
        result = await store.persist_events(stream_id, [payload])

        assert result.events[0].payload is payload
        assert payloads(await read_all(store, stream_id)) == [form]

    @pytest.mark.asyncio
    @needs("keeps_json")
    @pytest.mark.parametrize("payload", invalid.JSON_PAYLOADS, ids=ascii)
    async def test_a_payload_without_a_json_form_is_refused_and_nothing_is_stored(
        self, store: EventReaderWriter, stream_id: UUID, payload: Any
    ) -> None:
        with pytest.raises(PayloadNotEncodable) as caught:
            await store.persist_events(stream_id, ["fine", payload])

        assert caught.value.index == 1
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("payload", [b"", b"\x00\xff", b'{"json": "but bytes"}'])
    async def test_raw_bytes_come_back_unchanged(
        self, store: EventReaderWriter, stream_id: UUID, payload: bytes
    ) -> None:
        async with self.reopened(store, codec=RawCodec()) as raw:
            await raw.persist_events(stream_id, [payload])
            assert payloads(await read_all(raw, stream_id)) == [payload]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_json_and_raw_bytes_are_read_by_every_store(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with (
            self.reopened(store, codec=RawCodec()) as raw,
            self.reopened(store, codec=JsonCodec()) as json,
            self.reopened(store, codec=ShoutingCodec()) as shouting,
        ):
            await raw.persist_events(stream_id, [b"raw"])
            await json.persist_events(stream_id, [{"json": 1}])

            for each in (store, raw, json, shouting):
                assert payloads(await read_all(each, stream_id)) == [b"raw", {"json": 1}]

    @pytest.mark.asyncio
    @needs("opens_others", "keeps_json")
    @pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**40])
    async def test_integers_beyond_64_bits_that_others_wrote_are_read_exactly(
        self, store: EventReaderWriter, stream_id: UUID, number: int
    ) -> None:
        async with self.reopened(store, codec=PythonsJson()) as other:
            await other.persist_events(stream_id, [{"n": number}])

        assert payloads(await read_all(store, stream_id)) == [{"n": number}]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_custom_codec_writes_and_is_found_on_reading(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with (
            self.reopened(store, codec=ShoutingCodec()) as writer,
            self.reopened(store, codecs=[ShoutingCodec()]) as reader,
        ):
            await writer.persist_events(stream_id, ["HELLO"])

            assert payloads(await read_all(writer, stream_id)) == ["HELLO"]
            assert payloads(await read_all(reader, stream_id)) == ["HELLO"]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_exception_of_the_codec_refuses_the_append(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            with pytest.raises(PayloadNotEncodable, match="whisper") as caught:
                await shouting.persist_events(stream_id, ["HELLO", "hello"])

        assert caught.value.index == 1
        assert isinstance(caught.value.__cause__, LookupError)
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_codec_that_does_not_return_bytes_refuses_the_append(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=BrokenCodec()) as wordless:
            with pytest.raises(PayloadNotEncodable, match="not bytes"):
                await wordless.persist_events(stream_id, ["TEXT"])

        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_event_of_an_unknown_content_type_is_reported_with_its_bytes(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            await shouting.persist_events(stream_id, ["HELLO"])

        with pytest.raises(UndecodableEvent) as caught:
            await read_all(store, stream_id)

        error = caught.value
        assert (error.stream_id, error.version) == (stream_id, 1)
        assert (error.content_type, error.data) == ("text/x-shouting", b"HELLO")

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_exception_of_the_codec_on_reading_is_the_cause(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            await shouting.persist_events(stream_id, [""])

            with pytest.raises(UndecodableEvent, match="silence") as caught:
                await read_all(shouting, stream_id)

        assert isinstance(caught.value.__cause__, LookupError)
        assert caught.value.data == b""

    @pytest.mark.asyncio
    @needs("opens_others")
    @pytest.mark.parametrize("backward", [False, True])
    async def test_events_around_an_undecodable_one_stay_readable(
        self, store: EventReaderWriter, stream_id: UUID, backward: bool
    ) -> None:
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            for writer, payload in ((store, 1), (shouting, "TWO"), (store, 3), (shouting, "FOUR")):
                await writer.persist_events(stream_id, [payload])
        seen: list[int] = []
        refused: list[int] = []
        start: int | None = None
        while start is None or 0 < start < 5:
            try:
                async for event in store.read_events(stream_id, start, backward=backward):
                    seen.append(event.payload)
                break
            except UndecodableEvent as error:
                refused.append(error.version)
                start = error.version + (-1 if backward else 1)

        assert seen == ([3, 1] if backward else [1, 3])
        assert refused == ([4, 2] if backward else [2, 4])

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_appending_after_an_undecodable_event_works(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            await shouting.persist_events(stream_id, ["HELLO"])

        result = await store.persist_events(stream_id, [NewEvent("on")])

        assert result.version == 2
        assert payloads(await read_all(store, stream_id, 2)) == ["on"]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_undecodable_event_does_not_hide_a_conflict(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event = NewEvent("HELLO")
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            await shouting.persist_events(stream_id, [event, "AGAIN"])

        result = await store.try_persist_events(stream_id, [event, "on"], 0)

        assert result == ConcurrentModification(stream_id, 0, 2)
