"""Common to the hand-written peers on the library's table: everything but the driver's calls."""

import asyncio
from abc import ABC, abstractmethod
from typing import Final
from uuid import UUID

from event_store_async import EventStore
from event_store_async.cql_files import load_statement
from event_store_async.errors import ConnectionFailed

from . import REPLICAS, REPLICATION
from .payloads import Payload
from .protocol import Options, Unavailable
from .tasks import Writer

GUARANTEES: Final = (
    f"Cassandra LWT at LOCAL_QUORUM and LOCAL_SERIAL, replication {REPLICAS}; durable by the "
    "node's commit log settings; expected version checked by the server; a timed-out append is "
    "left unknown"
)
PAGE_SIZE: Final = 5000
"""Rows per page if the command gives no number: a common default of drivers."""

STATEMENTS: Final = ("append_head", "append_first", "append_rest", "read_forward")
_AT_ONCE = 1000


class ConditionalPeer(ABC):
    """Appends with the library's conditional batch, without what makes it safe."""

    @abstractmethod
    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Append if the stream is at *expected*; otherwise return its version, else None."""

    def own(self, stream: UUID) -> Writer:
        """Append at the version after the last append."""
        version = 0

        async def write(payload: Payload) -> int:
            nonlocal version
            conflict = await self.append(stream, version, [payload])
            if conflict is not None:
                raise RuntimeError(f"at {conflict}, expected {version}")
            version += 1
            return 0

        return write

    def hot(self, stream: UUID) -> Writer:
        """Append in turns, at the version last seen."""
        version = 0
        turn = asyncio.Lock()

        async def write(payload: Payload) -> int:
            nonlocal version
            async with turn:
                conflicts = 0
                while (actual := await self.append(stream, version, [payload])) is not None:
                    version = actual
                    conflicts += 1
                version += 1
                return conflicts

        return write

    async def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Append in batches as large as the library's."""
        for start in range(0, len(payloads), _AT_ONCE):
            conflict = await self.append(stream, start, payloads[start : start + _AT_ONCE])
            if conflict is not None:
                raise RuntimeError(f"the stream is at {conflict} already")


async def make_table(options: Options, *, feed: bool = False) -> list[str]:
    """
    Create the library's table with the library, and return the text of each of `STATEMENTS`.

    Raises:
        Unavailable: No node answers.
    """
    try:
        store = await EventStore.connect(
            options.contact, port=options.port, keyspace=options.keyspace
        )
    except ConnectionFailed as error:
        raise Unavailable(str(error), "start a node: make cassandra") from error
    async with store:
        await store.create_schema(REPLICATION, feed=feed)
    return [
        load_statement(
            f"statements/{name}", keyspace=options.keyspace, table="events", kept_from=", kept_from"
        ).text
        for name in STATEMENTS
    ]
