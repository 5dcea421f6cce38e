"""Last reading: waits until the feed is complete, and reads all of it."""

import asyncio
from pathlib import Path
from typing import Final

from event_store_async import EventStore, EventStoreError, FeedEvent, Position

from ..history.feed.quiet import BOUND
from ..history.feed.recorder import FeedRecorder, item_of
from ..history.final_state import last_read
from ..history.history import History
from .readers import Readers

_PAGE: Final = 500
_MORE: Final = 5.0
"""Seconds after the feed is complete in which nothing more may come."""


async def read_feed(store: EventStore, history: History, path: Path, readers: Readers) -> None:
    """Wait until the feed is complete and all readers have passed it, then read all of it."""
    events = sum(_length(history, stream) for stream in history.streams)
    with FeedRecorder(path, "settler", "settler") as recorder:
        try:
            async with asyncio.timeout(2 * BOUND):
                while min((await store.feed().head()).ordinal, readers.slowest) < events:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pass  # the checker tells what is missing
        await asyncio.sleep(_MORE)
        try:
            await _read(store, recorder)
        except EventStoreError as error:
            recorder.trouble(repr(error))


async def _read(store: EventStore, recorder: FeedRecorder) -> None:
    feed = store.feed()
    position: Position | None = None
    while True:
        page = await feed.page(position, _PAGE)
        items = [item_of(event) for event in page.events if isinstance(event, FeedEvent)]
        for event in page.events:
            if not isinstance(event, FeedEvent):
                recorder.trouble(f"version {event.version} of {event.stream_id}: {event.error!r}")
        recorder.delivered(position, items, page.position, head=page.head, final=True)
        position = page.position
        if page.caught_up:
            return


def _length(history: History, stream: str) -> int:
    read = last_read(history.streams[stream])
    return 0 if read is None else len(read.placed)
