"""The library on a table with a feed that another process sequences."""

from contextlib import AbstractAsyncContextManager

from event_store_async import Settings

from .ours import open_peer as open_store
from .protocol import Options
from .tasks import TaskPeer, main

NAME = "ours_announcing"


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect without a sequencer, and create the schema with a feed."""
    notes = "Settings(sequences=False), on a table with a feed, which another process sequences"
    return open_store(options, Settings(sequences=False), NAME, notes, feed=True)


if __name__ == "__main__":
    main(NAME, open_peer)
