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
    check_list,
    check_positive,
    check_read,
    check_stream_id,
    check_timeout,
    read_clock,
    running_loop,
)
from .codec import Codec, Codecs, JsonCodec
from .cursor import Cursors
from .encoding import EncodedEvents, encode_events
from .errors import ConcurrentModification, StoreClosed, WrongCategory
from .events import NewEvent, RecordedEvent
from .feeds import Feed, Selection
from .follower import Follower, Polling, Wakeups
from .health import Health
from .hooks import Source
from .hooks.append_watch import AppendWatch
from .hooks.list_watch import ListWatch
from .hooks.observer import Observer
from .hooks.read_watch import ReadWatch
from .ids import random_uuid
from .memory_feed import MemoryFeedReader, MemoryLog
from .memory_row import MemoryRow
from .memory_subscriptions import MemoryGroups, MemorySubscriptions
from .ports import (
    CategorisedStore,
    CategoryStore,
    FeedStore,
    HealthCheck,
    SnapshotStore,
    StreamFollower,
    StreamLister,
)
from .ports.subscriptions import Subscriptions
from .results import AppendResult, Persisted
from .ring import ScanPosition, hashed_position
from .settings import Settings, checked_settings
from .snapshots.codec import SnapshotCodec
from .snapshots.memory import MemorySnapshotRows
from .snapshots.saves import BackgroundSaves
from .snapshots.store import Snapshots
from .statistics import Statistics
from .stream_head import StreamHead
from .versions import ANY, ExpectedVersion


class MemoryEventStore(FeedStore, CategorisedStore, StreamFollower, StreamLister, HealthCheck):
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
        self._streams: dict[UUID, list[MemoryRow]] = {}
        self._log = MemoryLog()
        self._groups = MemoryGroups()
        self._wakeups = Wakeups()
        self._cursors = Cursors(f"the store in memory {random_uuid()}")
        self._categories: dict[UUID, str] = {}
        self._snapshot_rows = MemorySnapshotRows()
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
        other._streams = self._streams
        other._log = self._log
        other._groups = self._groups
        other._wakeups = self._wakeups
        other._cursors = self._cursors
        other._categories = self._categories
        other._snapshot_rows = self._snapshot_rows
        return other

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """Snapshots of aggregates, kept beside the streams; the store itself never reads them."""
        codec = SnapshotCodec(self._codec, self._codecs, self._settings)
        rows, saves = self._snapshot_rows, self._snapshot_saves
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
        return self._append(stream_id, encoded, expected, category)

    def _append(
        self,
        stream_id: UUID,
        encoded: EncodedEvents,
        expected_version: ExpectedVersion,
        category: str | None,
    ) -> AppendResult:
        rows = self._streams.get(stream_id, [])
        if category is not None and rows:
            actual = self._categories.get(stream_id)
            if actual != category:
                raise WrongCategory(stream_id, category, actual)
        ids = encoded.event_ids
        # `places` are where the events could have been stored by an earlier call. Payloads alone
        # get new ids: they cannot have been stored before.
        window = self._settings.look_back + len(ids) if encoded.identified else 0
        places = list(range(max(0, len(rows) - window), len(rows)))
        found = {
            row.event_id: at + 1
            for at, row in enumerate(rows[-window:] if window else (), max(0, len(rows) - window))
            if row.event_id in ids
        }
        if isinstance(expected_version, int):
            met = len(rows) == expected_version and (encoded.sought or not found)
            own = [expected_version]
            places = (
                own if encoded.sought else [*places, *own] if expected_version else own + places
            )
        else:
            met = (bool(rows) or expected_version is ANY) and not found
        for at in places if ids else ():
            if tuple(row.event_id for row in rows[at : at + len(ids)]) == ids:
                last = at + len(ids)
                events = tuple(self._event(stream_id, rows, place) for place in range(at, last))
                return Persisted(stream_id, last, events, stored_earlier=True)
        if not met:
            return ConcurrentModification(stream_id, expected_version, len(rows), found)
        if not ids:
            return Persisted(stream_id, len(rows), ())
        if category is not None:
            self._categories[stream_id] = category
        return self._store(stream_id, encoded)

    def _store(self, stream_id: UUID, encoded: EncodedEvents) -> Persisted:
        timestamp = read_clock(self._settings.clock)
        rows = self._streams.setdefault(stream_id, [])
        events = []
        for item in encoded.items:
            row = MemoryRow(
                item.encoded_payload,
                item.content_type,
                item.encoded_metadata,
                item.type,
                item.event_id,
                timestamp,
            )
            rows.append(row)
            events.append(item.recorded(stream_id, len(rows), timestamp))
        types = tuple([item.type for item in encoded.items])
        category = self._categories.get(stream_id)
        self._log.append(stream_id, len(rows) - len(types) + 1, types, category)
        if self._wakeups.waiting:
            self._wakeups.wake(stream_id)
        return Persisted(stream_id, len(rows), tuple(events))

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
        rows = self._streams.get(stream_id, [])
        if backward:
            last = len(rows) if from_version is None else max(from_version, 1)
            places = range(len(rows))[:last][::-1]
        else:
            places = range(len(rows))[max(from_version or 1, 1) - 1 :]
        for at in places[:max_count]:
            yield self._event(stream_id, rows, at)

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
            wakeups=self._wakeups,
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
        place = None if after is None else self._cursors.position(after)
        running_loop()
        found = self._list(place, max_count)
        return found if self._observer is None else ListWatch(self._observer).run(found)

    async def _list(
        self, after: ScanPosition | None, max_count: int | None
    ) -> AsyncGenerator[StreamHead, None]:
        if max_count == 0:
            return
        await self._turn()
        places = sorted(map(hashed_position, self._streams), key=lambda place: place.order)
        if after is not None:
            places = [place for place in places if place.order > after.order]
        for place in places[:max_count]:
            version = len(self._streams[place.stream_id])
            yield StreamHead(place.stream_id, version, self._cursors.text(place))

    async def current_version(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        stream_id = check_stream_id(stream_id)
        check_bool("serial", serial)
        check_timeout(timeout)
        await self._turn()
        return len(self._streams.get(stream_id, ()))

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
        return MemorySubscriptions(self._groups, self._feed_reader(), clock, self._turn)

    def _feed_reader(self) -> MemoryFeedReader:
        return MemoryFeedReader(self._log, self._event_at, self._turn, self._observer)

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
        return self._log.statistics(self._settings.max_append_bytes)

    async def close(self) -> None:
        """Refuse new calls, and save the snapshots that wait. Calling it twice is harmless."""
        self._closed = True
        self._snapshot_saves.refuse()
        self._wakeups.wake_all()
        self._log.wake_all()
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
        return len(self._streams.get(stream_id, ()))

    async def _turn(self) -> None:
        # A fake that never lets other tasks run would hide the races of the applications on it.
        self._check_open()
        await asyncio.sleep(0)

    def _event_at(self, stream_id: UUID, version: int) -> RecordedEvent:
        return self._event(stream_id, self._streams[stream_id], version - 1)

    def _event(self, stream_id: UUID, rows: list[MemoryRow], at: int) -> RecordedEvent:
        return rows[at].recorded(stream_id, at + 1, self._codecs)
