"""
The limit: the library's batch, written by hand on acsylla, without the library and its safety.

The statements, consistency levels and cluster settings are those of
`event_store_async.cassandra.driver`. Everything that makes it safe is left out: deadlines,
settling unknown outcomes, protection from driver defects, contiguity checks, result objects.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import acsylla
import orjson

from .conditional import GUARANTEES, PAGE_SIZE, ConditionalPeer, make_table
from .payloads import Payload
from .protocol import Options, Ready
from .tasks import TaskPeer, main

NAME = "raw_acsylla"
_QUORUM = acsylla.Consistency.LOCAL_QUORUM
_SERIAL = acsylla.Consistency.LOCAL_SERIAL
_TYPE = "money-deposited"
_METADATA = orjson.dumps({"correlation_id": "9b2d7c1e-5f0a-4c6e-8a53-0d4f1e7b6a92"})


class RawAcsylla(ConditionalPeer):
    """The peer."""

    def __init__(self, session: Any, head: Any, first: Any, rest: Any, reading: Any) -> None:
        self._session = session
        self._head = head
        self._first = first
        self._rest = rest
        self._reading = reading

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        return Ready(
            name=NAME,
            version=acsylla.version.__version__,
            guarantees=GUARANTEES,
            notes=(
                "the same CQL as ours; hot: an asyncio lock in this process, one append per batch"
            ),
        )

    async def read(self, stream: UUID, page_size: int | None) -> int:
        """Decode page after page while the next one is being fetched."""
        count = 0
        coming: asyncio.Task[Any] | None = self._page(stream, page_size, None)
        while coming is not None:
            result = await coming
            coming = None
            if result.has_more_pages():
                coming = self._page(stream, page_size, result.page_state())
            for row in [row.as_tuple() for row in result]:
                count += isinstance(orjson.loads(row[1]), dict)
        return count

    def _page(self, stream: UUID, page_size: int | None, state: bytes | None) -> asyncio.Task[Any]:
        statement = self._reading.bind(
            [stream, 1, 2**31 - 1], consistency=_QUORUM, page_size=page_size or PAGE_SIZE
        )
        if state is not None:
            statement.set_page_state(state)
        return asyncio.ensure_future(self._session.execute(statement))

    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Append; return None if it was stored, otherwise the stream's version."""
        batch = self.bound(stream, expected, payloads)
        return conflict(await self._session.execute_batch(batch))

    def bound(
        self, stream: UUID, expected: int, payloads: list[Payload], *, every_column: bool = False
    ) -> Any:
        """Return the batch of an append; with *every_column*, with types and metadata as well."""
        batch = acsylla.create_batch_unlogged()
        batch.set_consistency(_QUORUM)
        batch.set_serial_consistency(_SERIAL)
        batch.add_statement(self._head.bind([expected + len(payloads), stream, expected or None]))
        now = time.time_ns() // 1_000_000
        prepared = self._first
        for version, payload in enumerate(payloads, start=expected + 1):
            statement = prepared.bind()
            statement.bind(0, uuid4())
            statement.bind(1, orjson.dumps(payload))
            statement.bind(2, now)
            # 3 and 5, type and metadata, stay unset: nulls would be tombstones.
            statement.bind(4, "application/json")
            if every_column:
                statement.bind(3, _TYPE)
                statement.bind(5, _METADATA)
            statement.bind(6, stream)
            statement.bind(7, version)
            batch.add_statement(statement)
            prepared = self._rest
        return batch


def conflict(result: Any) -> int | None:
    """Return None if a batch was stored, otherwise the stream's version."""
    row = result.first()
    if row["[applied]"]:
        return None
    return row.as_dict().get("max_version") or 0


@asynccontextmanager
async def open_session(
    options: Options, *, feed: bool = False
) -> AsyncGenerator[tuple[Any, list[Any]], None]:
    """Connect and prepare; the library creates the table, so that it is the same."""
    texts = await make_table(options, feed=feed)
    cluster = acsylla.create_cluster(
        [options.contact],
        port=options.port,
        load_balance_dc_aware="datacenter1",
        retry_policy="fallthrough",
        token_aware_routing_shuffle_replicas=False,
        randomized_contact_points=False,
        coalesce_delay_us=50,
        log_level="critical",
    )
    session = await cluster.create_session()
    try:
        yield session, [await session.create_prepared(text) for text in texts]
    finally:
        await session.close()
        cluster.destroy()


@asynccontextmanager
async def open_peer(
    options: Options, peer: type[RawAcsylla] = RawAcsylla
) -> AsyncGenerator[TaskPeer, None]:
    """Connect and prepare; return a peer of the class *peer*."""
    async with open_session(options) as (session, prepared):
        yield peer(session, *prepared)


if __name__ == "__main__":
    main(NAME, open_peer)
