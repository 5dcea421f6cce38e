"""Compression: large payloads are stored compressed, and read as if they were not."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from uuid import UUID

import pytest

from ...codec import RawCodec, compression
from ...errors import AppendTooLarge, UndecodableEvent
from ...events import NewEvent
from ...ports import EventReaderWriter
from ...settings import Settings
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)

COMPRESSED = Settings(compress_above=100, max_append_bytes=1000)

WORDY = {"words": "again and again and " * 40}
"""About 800 bytes of JSON; less than 100 compressed."""

zstd_needed = pytest.mark.skipif(not compression.available(), reason="zstd is not installed")


class Compression(ContractBase):
    """Compressed payloads, by `Settings.compress_above`."""

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_it_is_transparent_to_readers(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        event = NewEvent(WORDY, type="wordy", metadata={"user": "ann"})
        async with self.reopened(store, settings=COMPRESSED) as compressing:
            result = await compressing.persist_events(stream_id, [event, {"small": 1}])
            assert await read_all(compressing, stream_id) == list(result.events)

        assert await read_all(store, stream_id) == list(result.events)

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_the_content_type_says_whether_a_payload_is_compressed(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        """The error of a codec that cannot decode shows the stored bytes and their content type."""
        incompressible = bytes(range(101))
        given = [b"x" * 101, b"x" * 100, incompressible]
        async with self.reopened(store, codec=_WriteOnlyCodec(), settings=COMPRESSED) as mute:
            await mute.persist_events(stream_id, given)
            stored = []
            for version in (1, 2, 3):
                with pytest.raises(UndecodableEvent) as caught:
                    await read_all(mute, stream_id, version)
                stored.append((caught.value.content_type, caught.value.data))

        assert stored[0][0] == "application/x-mute+zstd"
        assert compression.decompressed(stored[0][1], 1000) == given[0]
        assert stored[1:] == [("application/x-mute", data) for data in given[1:]]

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_the_limit_applies_to_the_compressed_size(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        limit = COMPRESSED.max_append_bytes
        async with (
            self.reopened(store, settings=COMPRESSED) as compressing,
            self.reopened(store, settings=Settings(max_append_bytes=limit)) as plain,
        ):
            with pytest.raises(AppendTooLarge):
                await plain.persist_events(stream_id, [WORDY, WORDY])
            await compressing.persist_events(stream_id, [WORDY, WORDY])

        assert payloads(await read_all(store, stream_id)) == [WORDY, WORDY]

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_a_payload_that_decompresses_beyond_the_limit_is_not_read(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        """A few stored bytes could demand any amount of memory."""
        async with self.reopened(store, settings=COMPRESSED) as compressing:
            await compressing.persist_events(stream_id, [WORDY, "short"])

        small = Settings(max_payload_bytes=100)
        async with self.reopened(store, settings=small) as reader:
            with pytest.raises(UndecodableEvent, match="more than 100 bytes"):
                await read_all(reader, stream_id)

            assert payloads(await read_all(reader, stream_id, 2)) == ["short"]

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_a_payload_beyond_the_limit_of_reads_is_not_compressed(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        settings = Settings(compress_above=100, max_payload_bytes=100)
        async with self.reopened(store, settings=settings) as careful:
            await careful.persist_events(stream_id, [WORDY])

            assert payloads(await read_all(careful, stream_id)) == [WORDY]

    @pytest.mark.asyncio
    @needs("opens_others")
    @zstd_needed
    async def test_a_repeated_append_is_recognised(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        events = [NewEvent(WORDY)]
        async with self.reopened(store, settings=COMPRESSED) as compressing:
            await compressing.persist_events(stream_id, events, 0)

        result = await store.persist_events(stream_id, events, 0)

        assert result.stored_earlier
        assert result.events[0].payload == WORDY


class _WriteOnlyCodec(RawCodec):
    """A codec that writes bytes but cannot read them."""

    content_type = "application/x-mute"  # type: ignore[misc]

    def decode(self, data: bytes) -> bytes:  # noqa: ARG002
        raise LookupError("not a word")
