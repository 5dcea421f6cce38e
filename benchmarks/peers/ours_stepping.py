"""
A sequencer that goes on step by step, so that its instructions can be counted.

Another process appends what it publishes: a slice, then nothing until the slice is published. Its
clock advances by as much with each step as passes between two publications at full load. So its
work does not depend on how slow it is here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from event_store_async import EventStore, Settings
from event_store_async.cassandra.feed.runner import Runner

from ..peer import Peer, run_peer
from . import ANNOUNCING, REPLICATION
from .protocol import Options

NAME = "ours_stepping"

_SLICE: Final = 640
"""Appends of a step: about as many as come between two publications with 64 callers."""

_STEP: Final = 0.25
"""Seconds by the clock of the sequencer."""

_BELL: Final = 0.05
"""Seconds after which the writer has rung its doorbell, if the machine is not too busy."""


class Stepping:
    """The peer."""

    def __init__(self, store: EventStore, writer: Peer) -> None:
        room: Any = store._engine.feed  # noqa: SLF001 - its parts, without its clock
        self._runner = Runner(
            room._tables,  # noqa: SLF001
            room._settler,  # noqa: SLF001
            room._scanner,  # noqa: SLF001
            Settings(),
            lambda: self._now,
        )
        self._writer = writer
        self._now = 0.0

    async def sequence(self, count: int) -> None:
        """Publish so many appends of another process."""
        sequencer = self._runner.sequencer
        if sequencer is None:
            await self._step()
            sequencer = self._runner.sequencer
            assert sequencer is not None
        published = sequencer.head
        end = published + count
        while published < end:
            slice_ = min(_SLICE, end - published)
            published += slice_
            command = {"do": "append", "count": slice_, "concurrency": 64, "manner": "own"}
            await self._writer.ask(**command, seed=published)
            await asyncio.sleep(_BELL)
            while sequencer.head < published:
                await self._step()

    async def _step(self) -> None:
        self._now += _STEP
        await self._runner.step()


@asynccontextmanager
async def open_peer(options: Options) -> AsyncGenerator[Stepping, None]:
    """Connect, create the schema with a feed, and start the process that appends."""
    place = options.contact, options.port, options.keyspace
    opening = EventStore.connect(
        options.contact,
        port=options.port,
        keyspace=options.keyspace,
        settings=Settings(sequences=False),
    )
    async with opening as store:
        await store.create_schema(REPLICATION, feed=True)
        async with run_peer(ANNOUNCING, *place) as writer:
            yield Stepping(store, writer)
