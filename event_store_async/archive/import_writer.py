"""The writer of an import: stores several streams at once, and each of them in order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import anyio.lowlevel

from ..cassandra import Storage
from ..errors import (
    ConcurrentModification,
    StreamError,
    StreamHole,
    StreamTruncated,
    WrongCategory,
)
from ..maintenance.callbacks import Callback, notify
from ..maintenance.digest import StreamDigest
from ..maintenance.findings import FindingKind, StreamFinding
from ..stored import StoredEvent
from ..tasks import task_group
from .import_state import ImportState, OpenStream

_BATCH_EVENTS: Final = 100
_BATCH_BYTES: Final = 256 * 1024
_QUEUE_SIZE: Final = 4
"""Batches that wait for one worker."""

_Item: TypeAlias = (
    tuple[OpenStream, list[StoredEvent]] | tuple[OpenStream, StreamDigest] | tuple[OpenStream, None]
)
"""
A stream and a batch of its events to store; or, at its end, the digest to compare; or None, before
the first event of one that does not begin with version 1.
"""


@dataclass(slots=True)
class ImportWriter:
    """
    Stores events in batches. All batches of a stream go to one worker, so they stay in order.

    Args:
        storage: The store's.
        state: Counts what was stored.
        check: Whether to read every stream back at its end.
        workers: How many streams are written at once.
        on_finding: Receives each stream that was refused or is different.
    """

    storage: Storage
    state: ImportState
    check: bool
    workers: int
    on_finding: Callback[StreamFinding]
    _queues: list[asyncio.Queue[_Item]] = field(default_factory=list)
    _batch: list[StoredEvent] = field(default_factory=list)
    _size: int = 0
    _stream: OpenStream | None = None

    async def run(self, feed: Callable[[], Awaitable[None]]) -> None:
        """Run the workers until *feed* returns; the first error ends all, and is raised."""
        self._queues = [asyncio.Queue(_QUEUE_SIZE) for _ in range(self.workers)]
        async with task_group() as group:
            for queue in self._queues:
                group.start_soon(self._work, queue)
            await feed()
            # All is stored: `feed` ends with `wait`. The workers are only waiting for more.
            group.cancel_scope.cancel()

    async def begin(self, stream: OpenStream) -> None:
        """Take the beginning of a stream of which earlier events are gone."""
        await self.flush()
        await self._put((stream, None))

    async def add(self, stream: OpenStream, event: StoredEvent) -> None:
        """Take the next event of a stream."""
        full = len(self._batch) >= _BATCH_EVENTS or self._size + event.size > _BATCH_BYTES
        if self._batch and (self._stream is not stream or full):
            await self.flush()
        self._stream = stream
        self._batch.append(event)
        self._size += event.size

    async def end(self, stream: OpenStream) -> None:
        """Take the end of a stream."""
        await self.flush()
        await self._put((stream, stream.digest))

    async def flush(self) -> None:
        """Hand the open batch to its worker."""
        if self._batch and self._stream is not None:
            item = (self._stream, self._batch)
            self._batch, self._size = [], 0
            await self._put(item)

    async def wait(self) -> None:
        """Wait until everything taken so far is stored and checked."""
        await self.flush()
        for queue in self._queues:
            await queue.join()

    async def _put(self, item: _Item) -> None:
        stream = item[0].digest.stream_id
        await self._queues[hash(stream) % self.workers].put(item)
        # A put into a queue with room does not suspend; the workers need a turn all the same.
        await anyio.lowlevel.checkpoint()

    async def _work(self, queue: asyncio.Queue[_Item]) -> None:
        while True:
            stream, item = await queue.get()
            if item is None:
                await self._begin(stream)
            elif isinstance(item, StreamDigest):
                await self._check(stream, item)
            elif not stream.failed:
                await self._restore(stream, item)
            queue.task_done()

    async def _begin(self, stream: OpenStream) -> None:
        stream_id = stream.digest.stream_id
        conflict = await self.storage.restore_beginning(
            stream_id, stream.first, category=stream.category, closed=stream.closed
        )
        if conflict is not None:
            what = "closed" if stream.closed else f"begun at version {stream.first}"
            text = f"it cannot be {what}: the store is at version {conflict.actual_version}"
            await self._refuse(stream, FindingKind.CONFLICT, stream.first, text)

    async def _restore(self, stream: OpenStream, events: list[StoredEvent]) -> None:
        try:
            if stream.category is None:
                result = await self.storage.restore(events)
            else:
                result = await self.storage.restore(events, category=stream.category)
        except (StreamError, WrongCategory) as error:
            await self._refuse(stream, FindingKind.CONFLICT, events[0].version, str(error))
            return
        if isinstance(result, ConcurrentModification):
            text = f"the store is at version {result.actual_version}, and has other events"
            if result.actual_version < events[0].version - 1:
                text = f"the store is at version {result.actual_version} only"
            await self._refuse(stream, FindingKind.CONFLICT, events[0].version, text)
        else:
            self.state.stored += result.stored

    async def _check(self, stream: OpenStream, wanted: StreamDigest) -> None:
        if stream.failed or not self.check:
            return
        found = StreamDigest(wanted.stream_id)
        try:
            # No further than the file goes: the store may have more events.
            async with aclosing(
                self.storage.read_stored(wanted.stream_id, stream.first, wanted.events)
            ) as events:
                async for event in events:
                    found.add(event)
        except StreamHole as hole:
            await self._refuse(stream, FindingKind.DIFFERENT, hole.version, "it was not read back")
            return
        except StreamTruncated as truncated:
            text = "it was truncated while it was read back"
            await self._refuse(stream, FindingKind.DIFFERENT, truncated.version, text)
            return
        if found.value == wanted.value:
            self.state.checked += 1
        else:
            text = "the events read back have another digest"
            await self._refuse(stream, FindingKind.DIFFERENT, None, text)

    async def _refuse(
        self, stream: OpenStream, kind: FindingKind, version: int | None, detail: str
    ) -> None:
        stream.failed = True
        self.state.findings += 1
        await notify(self.on_finding, StreamFinding(stream.digest.stream_id, kind, version, detail))
