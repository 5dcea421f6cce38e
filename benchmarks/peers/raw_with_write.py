"""
The limit of an append with a feed: a plain quorum write, then the batch, both by hand.

As in the library's lane, only one write is in flight at a time. What comes meanwhile shares the
next one.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import acsylla

from event_store_async.cql_files import load_statement

from .payloads import Payload
from .protocol import Options, Ready
from .raw_acsylla import RawAcsylla, open_session
from .tasks import TaskPeer, main

NAME = "raw_with_write"
_QUORUM = acsylla.Consistency.LOCAL_QUORUM


class RawWithWrite(RawAcsylla):
    """The peer: its plain write is that of an announcement."""

    def __init__(self, session: Any, announcing: Any, *prepared: Any) -> None:
        super().__init__(session, *prepared)
        self._announcing = announcing
        self._writer = uuid4()
        self._seq = 0
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._writes = False  # a write is on its way
        self._task: asyncio.Task[None] | None = None  # writes what waits

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        ready = super().ready()
        notes = f"a plain quorum write before each batch; {ready.notes}"
        return Ready(NAME, ready.version, ready.guarantees, notes)

    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Write a row of its own, then append."""
        await self._announce(stream, expected, len(payloads))
        return await super().append(stream, expected, payloads)

    async def _announce(self, stream: UUID, expected: int, events: int) -> None:
        """Write a row at once, or one with all that wait until the write before is answered."""
        text = f'["{stream}",{expected},{events},null,null]'
        if self._writes:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((text, written))
            await written
            return
        self._writes = True
        try:
            await self._write([text])
        finally:
            if self._waiting:
                self._task = asyncio.get_running_loop().create_task(self._write_waiting())
            else:
                self._writes = False

    async def _write_waiting(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting, []
            try:
                await self._write([text for text, _ in some])
            except Exception as error:  # noqa: BLE001 - it is the callers' answer
                for _, written in some:
                    written.set_exception(error)
            else:
                for _, written in some:
                    written.set_result(None)
        self._writes = False

    async def _write(self, texts: list[str]) -> None:
        self._seq += len(texts)
        values = [self._writer, self._seq // 5000, self._seq, f"[{','.join(texts)}]"]
        await self._session.execute(self._announcing.bind(values, consistency=_QUORUM))


@asynccontextmanager
async def open_with_write(
    options: Options, peer: type[RawWithWrite]
) -> AsyncGenerator[TaskPeer, None]:
    """Connect and prepare; the library creates the tables, so that they are the same."""
    announce = load_statement(
        "statements/feed/announce",
        keyspace=options.keyspace,
        announcements="events_feed_announcements",
    )
    async with open_session(options, feed=True) as (session, prepared):
        yield peer(session, await session.create_prepared(announce.text), *prepared)


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect and prepare."""
    return open_with_write(options, RawWithWrite)


if __name__ == "__main__":
    main(NAME, open_peer)
