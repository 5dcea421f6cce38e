"""
An event store in memory, with the promises of the one on Cassandra.

It has two uses. Applications are tested with it, without a server: it keeps the same contract as
the real one (`event_store_async.testing.contract`), and random programs compare the two. And it is
the shortest program that shows what an event store is: a stream is a list of rows, and what
Cassandra does by consensus is done here between two awaits.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from .checks import (
    check_bool,
    check_codecs,
    check_expected_version,
    check_int,
    check_list,
    check_positive,
    check_read,
    check_stream_id,
    check_timeout,
    read_clock,
    running_loop,
)
from .codec import Codec, Codecs, JsonCodec
from .encoding import encode_events
from .errors import StoreClosed, StreamTruncated
from .events import NewEvent, RecordedEvent
from .feeds import Feed, Selection
from .follower import Follower, Polling
from .health import Health
from .hooks import Source
from .hooks.append_watch import AppendWatch
from .hooks.erasure_watch import watched
from .hooks.list_watch import ListWatch
from .hooks.observer import Observer
from .hooks.read_watch import ReadWatch
from .memory_feed import MemoryFeedReader
from .memory_stream import MemoryStream
from .memory_subscriptions import MemorySubscriptions
from .memory_table import MemoryTable
from .ports import (
    CategorisedStore,
    CategoryStore,
    FeedStore,
    HealthCheck,
    SnapshotStore,
    StreamEraser,
    StreamFollower,
    StreamLister,
)
from .ports.subscriptions import Subscriptions
from .results import (
    AppendResult,
    Closed,
    Deleted,
    DeleteResult,
    TruncateResult,
)
from .ring import ScanPosition
from .settings import Settings, checked_settings
from .snapshots.codec import SnapshotCodec
from .snapshots.saves import BackgroundSaves
from .snapshots.store import Snapshots
from .statistics import Statistics
from .stream_head import StreamHead
from .versions import ANY, MAX_VERSION, ExpectedVersion


class MemoryEventStore(
    FeedStore, CategorisedStore, StreamFollower, StreamLister, StreamEraser, HealthCheck
):
    """
    An event store in memory, for tests of applications and for reading its code.

    Nothing ever times out, so no outcome is unknown. Like a call to a server, each call lets other
    tasks run once. The events are gone with the store and the stores that `reopened` returned.

    Args:
        codec: Encodes payloads, and decodes those without a content type. JSON by default.
        codecs: More codecs for decoding. JSON and raw bytes are always among them.
        settings: Limits, look-back, sources of time and ids. What concerns a server is ignored.
    """

    def __init__(
        self,
        *,
        codec: Codec | None = None,
        codecs: Iterable[Codec] = (),
        settings: Settings | None = None,
    ) -> None:
        codecs = check_codecs(codec, codecs)
        self._codec: Codec = codec or JsonCodec()
        self._settings = checked_settings(settings)
        self._codecs = Codecs(self._codec, codecs, limit=self._settings.max_payload_bytes)
        self._observer = Observer.of(Source("memory"), self._settings.hooks)
        self._table = MemoryTable()
        self._snapshot_saves = BackgroundSaves()
        self._closed = False

    def reopened(
        self,
        *,
        codec: Codec | None = None,
        codecs: Iterable[Codec] = (),
        settings: Settings | None = None,
    ) -> "MemoryEventStore":
        """Return another store with the same streams, as another process would open one."""
        other = MemoryEventStore(codec=codec, codecs=codecs, settings=settings)
        other._table = self._table
        return other

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """Snapshots of aggregates, kept beside the streams; the store itself never reads them."""
        codec = SnapshotCodec(self._codec, self._codecs, self._settings)
        rows, saves = self._table.snapshot_rows, self._snapshot_saves
        return Snapshots(rows, codec, self._observer, self._check_open, saves)

    def category(self, name: str) -> CategoryStore:  # noqa: D102 - inherited from the port
        return CategoryStore(self, name, self._persist)

    async def try_persist_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        return await self._persist(stream_id, events, expected_version, timeout)

    async def _persist(
        self,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
        category: str | None = None,
    ) -> AppendResult:
        if self._observer is None:
            return await self._begin(stream_id, events, expected, timeout, category)
        watch = AppendWatch(self._observer, stream_id, expected, self._settings.max_append_bytes)
        return await watch.run(
            lambda: self._begin(stream_id, events, expected, timeout, category, watch)
        )

    async def _begin(
        self,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
        category: str | None,
        watch: AppendWatch | None = None,
    ) -> AppendResult:
        stream_id = check_stream_id(stream_id)
        encoded = encode_events(events, self._codec, self._settings)
        expected = check_expected_version(expected, len(encoded.items))
        check_timeout(timeout)
        if watch is not None:
            watch.queued(len(encoded.items), encoded.size)
        await self._turn()
        return self._table.append(
            stream_id,
            encoded,
            expected,
            category,
            self._settings.look_back,
            read_clock(self._settings.clock),
            self._codecs,
        )

    async def truncate_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, before: int, timeout: float | None = None
    ) -> TruncateResult:
        async def truncate() -> TruncateResult:
            stream = check_stream_id(stream_id)
            check_int("before", before, at_least=1, at_most=MAX_VERSION)
            check_timeout(timeout)
            await self._turn()
            return self._table.stream(stream).truncate(before)

        return await watched(self._observer, "truncate", stream_id, truncate)

    async def delete_stream(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> DeleteResult:
        async def delete() -> DeleteResult:
            stream = check_stream_id(stream_id)
            expected = check_expected_version(expected_version, 0)
            check_timeout(timeout)
            await self._turn()
            result = self._table.stream(stream).delete(expected)
            if isinstance(result, Deleted):
                await self.snapshots.forget(stream)
            return result

        return await watched(self._observer, "delete", stream_id, delete)

    async def close_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, timeout: float | None = None
    ) -> Closed:
        async def close() -> Closed:
            stream = check_stream_id(stream_id)
            check_timeout(timeout)
            await self._turn()
            result = self._table.close(stream)
            await self.snapshots.forget(stream)
            return result

        return await watched(self._observer, "close", stream_id, close)

    def read_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        stream_id = check_stream_id(stream_id)
        check_read(from_version, max_count, page_size, serial, timeout, backward=backward)
        running_loop()
        events = self._read(stream_id, from_version, max_count, backward=backward)
        if self._observer is None:
            return events
        return ReadWatch(self._observer, stream_id, backward=backward).run(events)

    async def _read(
        self, stream_id: UUID, from_version: int | None, max_count: int | None, *, backward: bool
    ) -> AsyncGenerator[RecordedEvent, None]:
        if max_count == 0:
            return
        await self._turn()
        stream = self._table.stream(stream_id)
        for version in stream.versions(from_version, max_count, backward=backward):
            if version < stream.kept_from:  # truncated since the last step
                if backward:
                    return
                raise StreamTruncated(stream_id, version, stream.kept_from)
            yield self._event(stream, version)

    def follow(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        running_loop()
        return Follower(
            self.read_events,
            stream_id,
            from_version,
            polling=polling,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
            wakeups=self._table.wakeups,
            known_version=self._known_version,
        )

    def streams(  # noqa: D102 - inherited from the port
        self,
        after: str | None = None,
        max_count: int | None = None,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamHead, None]:
        check_list(max_count, page_size, timeout)
        place = None if after is None else self._table.cursors.position(after)
        running_loop()
        found = self._list(place, max_count)
        return found if self._observer is None else ListWatch(self._observer).run(found)

    async def _list(
        self, after: ScanPosition | None, max_count: int | None
    ) -> AsyncGenerator[StreamHead, None]:
        if max_count == 0:
            return
        await self._turn()
        for head in self._table.heads(after, max_count):
            yield head

    async def current_version(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        stream_id = check_stream_id(stream_id)
        check_bool("serial", serial)
        check_timeout(timeout)
        await self._turn()
        return self._table.stream(stream_id).head

    def feed(  # noqa: D102 - inherited from the port
        self, *, categories: Collection[str] = (), types: Collection[str] = ()
    ) -> Feed[Any]:
        self._check_open()
        running_loop()
        return Feed(self._feed_reader(), Selection.of(categories, types))

    @property
    def subscriptions(self) -> Subscriptions:
        """How far the subscriptions to the feed are, and who works on them."""
        clock = self._settings.clock
        return MemorySubscriptions(
            self._table.groups, self._feed_reader(), clock, self._turn, self._observer
        )

    def _feed_reader(self) -> MemoryFeedReader:
        return MemoryFeedReader(self._table.log, self._event_at, self._turn, self._observer)

    async def health(  # noqa: D102 - inherited from the port
        self, *, timeout: float = 1.0
    ) -> Health:
        check_positive("timeout", timeout)
        if self._closed:
            return Health.closed()
        return Health(
            connected=True,
            schema_usable=True,
            quorum=True,
            latency=0.0,
            in_flight=0,
            appends_waiting=0,
        )

    def statistics(self) -> Statistics:
        """Return how busy the store is. It never is: nothing waits for a server."""
        return self._table.log.statistics(self._settings.max_append_bytes)

    async def close(self) -> None:
        """Refuse new calls, and save the snapshots that wait. Calling it twice is harmless."""
        self._closed = True
        self._snapshot_saves.refuse()
        self._table.wakeups.wake_all()
        self._table.log.wake_all()
        await self._snapshot_saves.drain(self._settings.close_timeout)
        await self._snapshot_saves.ended()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed

    def _known_version(self, stream_id: UUID) -> int:
        self._check_open()
        return self._table.stream(stream_id).version

    async def _turn(self) -> None:
        # A fake that never lets other tasks run would hide the races of the applications on it.
        self._check_open()
        await asyncio.sleep(0)

    def _event_at(self, stream_id: UUID, version: int) -> RecordedEvent | None:
        """Return an event of the feed; None if it is gone."""
        stream = self._table.stream(stream_id)
        return None if version < stream.kept_from else self._event(stream, version)

    def _event(self, stream: MemoryStream, version: int) -> RecordedEvent:
        return stream.row(version).recorded(stream.stream_id, version, self._codecs)
