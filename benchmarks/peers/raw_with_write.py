"""The limit of an append with a feed: one plain quorum write, then the batch, both by hand."""

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

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        ready = super().ready()
        notes = f"a plain quorum write before each batch; {ready.notes}"
        return Ready(NAME, ready.version, ready.guarantees, notes)

    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Write a row of its own, then append."""
        self._seq += 1
        values = [self._writer, self._seq // 5000, self._seq, stream, expected, len(payloads)]
        statement = self._announcing.bind([*values, "null", None], consistency=_QUORUM)
        await self._session.execute(statement)
        return await super().append(stream, expected, payloads)


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
