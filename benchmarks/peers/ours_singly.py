"""The library with one event per batch: appends to one stream wait in its queue."""

from contextlib import AbstractAsyncContextManager

from event_store_async import Settings

from .ours import open_peer as open_store
from .protocol import Options
from .tasks import TaskPeer, main

NAME = "ours_singly"


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect, with one event per batch."""
    notes = (
        "Settings(max_batch_events=1); one stream: appends wait in the stream's queue, each a batch"
    )
    return open_store(options, Settings(max_batch_events=1), NAME, notes)


if __name__ == "__main__":
    main(NAME, open_peer)
