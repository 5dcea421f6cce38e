"""The library without group commit: appends to one stream wait in its lane, each a batch alone."""

from contextlib import AbstractAsyncContextManager

from event_store_async import Settings

from .ours import opening as opening_with
from .protocol import Options
from .tasks import TaskPeer, main

NAME = "ours_singly"


def opening(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect, with groups of one event."""
    notes = "Settings(max_batch_events=1); hot: appends wait in the stream's lane, each a batch"
    return opening_with(options, Settings(max_batch_events=1), NAME, notes)


if __name__ == "__main__":
    main(NAME, opening)
