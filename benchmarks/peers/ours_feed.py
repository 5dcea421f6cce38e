"""The library on a table with a feed, with its default settings: the store sequences as well."""

from contextlib import AbstractAsyncContextManager

from .ours import open_peer as open_store
from .protocol import Options
from .tasks import TaskPeer, main

NAME = "ours_feed"


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect, and create the schema with a feed."""
    notes = "default settings, on a table with a feed, which this process sequences"
    return open_store(options, None, NAME, notes, feed=True)


if __name__ == "__main__":
    main(NAME, open_peer)
