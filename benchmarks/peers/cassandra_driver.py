"""
The DataStax driver: the library's batch on cassandra-driver, awaited from asyncio.

The driver documents `execute_async` with callbacks, which its own I/O thread (libev) calls; here
they are passed on to the event loop. Its asyncio reactor is documented as experimental, and would
not make a response awaitable: it only moves the I/O to a loop in another thread.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import orjson
from anyio import to_thread

from .conditional import GUARANTEES, PAGE_SIZE, ConditionalPeer, make_table
from .payloads import Payload
from .protocol import Options, Ready, Unavailable
from .tasks import TaskPeer, main

NAME = "cassandra_driver"


class CassandraDriver(ConditionalPeer):
    """The peer."""

    def __init__(self, session: Any, head: Any, first: Any, rest: Any, reading: Any) -> None:
        from cassandra import ConsistencyLevel
        from cassandra.query import UNSET_VALUE, BatchStatement, BatchType

        self._session = session
        self._head = head
        self._first = first
        self._rest = rest
        self._reading = reading
        self._loop = asyncio.get_running_loop()
        self._unset = UNSET_VALUE
        self._batch: Callable[[], Any] = lambda: BatchStatement(
            BatchType.UNLOGGED,
            consistency_level=ConsistencyLevel.LOCAL_QUORUM,
            serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        )

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        import cassandra

        return Ready(
            name=NAME,
            version=cassandra.__version__,
            guarantees=GUARANTEES,
            notes=(
                "the same CQL as ours; callbacks of ResponseFuture passed to the loop, connection "
                f"class {self._session.cluster.connection_class.__name__}; hot: an asyncio lock in "
                "this process, one append per batch"
            ),
        )

    async def read(self, stream: UUID, page_size: int | None) -> int:
        """Decode page after page while the next one is being fetched."""
        count = 0
        bound = self._reading.bind((stream, 1, 2**31 - 1))
        bound.fetch_size = page_size or PAGE_SIZE
        coming: asyncio.Future[Any] | None = self._send(bound)
        while coming is not None:
            result = await coming
            coming = None
            if result.paging_state is not None:
                coming = self._send(bound, paging_state=result.paging_state)
            for row in result.current_rows:
                count += isinstance(orjson.loads(row[1]), dict)
        return count

    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Append; return None if it was stored, otherwise the stream's version."""
        batch = self._batch()
        batch.add(self._head, (expected + len(payloads), stream, expected or None))
        now = time.time_ns() // 1_000_000
        prepared = self._first
        unset = self._unset
        for version, payload in enumerate(payloads, start=expected + 1):
            data = orjson.dumps(payload)
            values = (uuid4(), data, now, unset, "application/json", unset, stream, version)
            batch.add(prepared, values)
            prepared = self._rest
        result = await self._send(batch)
        row = result.current_rows[0]
        if row[0]:
            return None
        columns = result.column_names
        return row[columns.index("max_version")] or 0 if "max_version" in columns else 0

    def _send(self, statement: Any, **options: Any) -> asyncio.Future[Any]:
        loop = self._loop
        answer: asyncio.Future[Any] = loop.create_future()

        def succeed(result: Any) -> None:
            if not answer.done():
                answer.set_result(result)

        def fail(error: BaseException) -> None:
            if not answer.done():
                answer.set_exception(error)

        response = self._session.execute_async(statement, **options)
        response.add_callbacks(
            lambda _: loop.call_soon_threadsafe(succeed, response.result()),
            lambda error: loop.call_soon_threadsafe(fail, error),
        )
        return answer


def _connect(options: Options) -> Any:
    from cassandra import ConsistencyLevel
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
    from cassandra.policies import (
        DCAwareRoundRobinPolicy,
        FallthroughRetryPolicy,
        TokenAwarePolicy,
    )
    from cassandra.query import tuple_factory

    profile = ExecutionProfile(
        TokenAwarePolicy(DCAwareRoundRobinPolicy("datacenter1"), shuffle_replicas=False),
        FallthroughRetryPolicy(),
        ConsistencyLevel.LOCAL_QUORUM,
        ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=30,
        row_factory=tuple_factory,
    )
    return Cluster(
        [options.contact], options.port, execution_profiles={EXEC_PROFILE_DEFAULT: profile}
    ).connect()


@asynccontextmanager
async def open_peer(options: Options) -> AsyncGenerator[TaskPeer, None]:
    """Connect and prepare; the library creates the table, so that it is the same."""
    try:
        import cassandra  # noqa: F401 - only to check that it is installed
    except ModuleNotFoundError as error:
        raise Unavailable(str(error), "pip install 'event_store_async[bench]'") from error
    texts = await make_table(options)
    session = await to_thread.run_sync(_connect, options)
    try:
        prepared = [await to_thread.run_sync(session.prepare, text) for text in texts]
        yield CassandraDriver(session, *prepared)
    finally:
        await to_thread.run_sync(session.cluster.shutdown)


if __name__ == "__main__":
    main(NAME, open_peer)
