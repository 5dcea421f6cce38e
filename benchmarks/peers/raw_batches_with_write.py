"""The limit of one stream with a feed: one plain quorum write, then a batch of many events."""

from contextlib import AbstractAsyncContextManager

from .protocol import Options, Ready
from .raw_batches import RawBatches
from .raw_with_write import RawWithWrite, open_with_write
from .tasks import TaskPeer, main

NAME = "raw_batches_with_write"


class RawBatchesWithWrite(RawWithWrite, RawBatches):
    """The peer: callers who share batches by hand, each after the write of an announcement."""

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        ready = super().ready()
        return Ready(NAME, ready.version, ready.guarantees, ready.notes)


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect and prepare."""
    return open_with_write(options, RawBatchesWithWrite)


if __name__ == "__main__":
    main(NAME, open_peer)
