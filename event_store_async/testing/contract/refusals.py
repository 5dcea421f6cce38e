"""Invalid arguments: a specific error, and nothing is stored."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import itertools
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    AppendTooLarge,
    EventStoreError,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidStreamId,
    PayloadNotEncodable,
)
from ...events import NewEvent
from ...ports import EventReaderWriter
from . import invalid
from .base import ContractBase


class Refusals(ContractBase):
    """Invalid arguments of appends and reads."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("version", invalid.EXPECTED_VERSIONS)
    async def test_an_invalid_expected_version_is_refused(
        self, store: EventReaderWriter, stream_id: UUID, version: Any
    ) -> None:
        with pytest.raises(InvalidExpectedVersion) as caught:
            await store.persist_events(stream_id, ["a"], expected_version=version)

        assert caught.value.expected_version is version
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    async def test_none_as_expected_version_comes_with_a_hint(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        nothing: Any = None

        with pytest.raises(InvalidExpectedVersion, match="NO_STREAM"):
            await store.persist_events(stream_id, [], nothing)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream_id", invalid.STREAM_IDS, ids=repr)
    async def test_a_stream_id_that_is_not_a_uuid_is_refused(
        self, store: EventReaderWriter, stream_id: Any
    ) -> None:
        with pytest.raises(InvalidStreamId):
            await store.persist_events(stream_id, ["a"])
        with pytest.raises(InvalidStreamId):
            await store.try_persist_events(stream_id, [])
        with pytest.raises(InvalidStreamId):
            store.read_events(stream_id)
        with pytest.raises(InvalidStreamId):
            await store.current_version(stream_id)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("fields", invalid.EVENT_FIELDS, ids=ascii)
    async def test_event_fields_of_a_wrong_type_are_refused(
        self, store: EventReaderWriter, stream_id: UUID, fields: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidEvent) as caught:
            await store.persist_events(stream_id, ["fine", NewEvent("a", **fields)])

        assert caught.value.index == 1
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    async def test_metadata_without_a_json_form_is_refused(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        with pytest.raises(PayloadNotEncodable):
            await store.persist_events(stream_id, [NewEvent("a", metadata={"a": {1, 2}})])

    @pytest.mark.asyncio
    async def test_an_event_id_used_twice_is_refused(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event = NewEvent("a")

        with pytest.raises(InvalidEvent, match="twice"):
            await store.persist_events(stream_id, [event, "b", event])

        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("events", invalid.EVENT_LISTS, ids=lambda it: type(it).__name__)
    async def test_one_event_instead_of_a_list_is_refused(
        self, store: EventReaderWriter, stream_id: UUID, events: Any
    ) -> None:
        with pytest.raises(InvalidEvent, match="list of events") as caught:
            await store.persist_events(stream_id, events)

        assert caught.value.index is None

    @pytest.mark.asyncio
    async def test_an_iterable_that_fails_stores_nothing(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        def failing() -> Any:
            yield "a"
            raise LookupError("no more")

        with pytest.raises(LookupError, match="no more"):
            await store.persist_events(stream_id, failing())

        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    async def test_an_endless_iterable_is_refused(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        with pytest.raises(AppendTooLarge):
            await store.persist_events(stream_id, itertools.repeat("a"))

    @pytest.mark.asyncio
    @pytest.mark.parametrize("timeout", invalid.TIMEOUTS)
    async def test_an_invalid_timeout_is_refused(
        self, store: EventReaderWriter, stream_id: UUID, timeout: Any
    ) -> None:
        with pytest.raises(InvalidArgument):
            await store.persist_events(stream_id, ["a"], timeout=timeout)

        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("options", invalid.READ_OPTIONS, ids=str)
    async def test_the_arguments_of_a_read_are_checked_at_the_call(
        self, store: EventReaderWriter, stream_id: UUID, options: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            store.read_events(stream_id, **options)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("options", invalid.VERSION_OPTIONS, ids=str)
    async def test_the_arguments_of_a_version_read_are_checked(
        self, store: EventReaderWriter, stream_id: UUID, options: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            await store.current_version(stream_id, **options)

    @pytest.mark.asyncio
    async def test_invalid_arguments_are_value_errors_and_errors_of_this_library(
        self, store: EventReaderWriter
    ) -> None:
        with pytest.raises(ValueError, match="from_version") as caught:
            store.read_events(uuid4(), -1)

        assert isinstance(caught.value, EventStoreError)
