"""Files of TLS that do not answer."""

import asyncio
import os
from pathlib import Path

import pytest

from event_store_async import EventStore
from event_store_async.cassandra.driver.tls import Tls


async def test_a_pipe_that_nobody_writes_to_does_not_block_the_event_loop(tmp_path: Path) -> None:
    pipe = tmp_path / "ca.pem"
    os.mkfifo(pipe)
    connecting = asyncio.ensure_future(_connect(pipe))
    while (writer := _opened(pipe)) is None:  # nobody reads it yet
        assert not connecting.done()
        await asyncio.sleep(0)

    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting

    os.close(writer)  # the end, for the thread that reads


async def _connect(pipe: Path) -> None:
    async with EventStore.connect("127.0.0.1", keyspace="pipes", tls=Tls(ca=pipe)):
        pass


def _opened(pipe: Path) -> int | None:
    """Return the end of a pipe for writing; None while nobody reads it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
