"""
Counts the modules and functions of the package that single calls run through.

    python -m tools.journeys [--modules]

A reader who follows a call through the code opens these modules. EVENT_STORE_CONTACT_POINTS names a
Cassandra; without it, one is started.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, Self
from uuid import uuid4

from acsylla.errors import CassErrorServerWriteTimeout

import event_store_async
from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.testing.servers import existing_cluster

_PACKAGE: Final = f"{Path(event_store_async.__file__).parent}/"


class Journey:
    """Notes which functions of the package run inside a ``with`` block, in this thread."""

    def __init__(self) -> None:
        self._seen: set[CodeType] = set()

    def __enter__(self) -> Self:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(_PACKAGE):
            self._seen.add(code)

    @property
    def functions(self) -> set[str]:
        """The functions, by module and name; comprehensions and lambdas do not count."""
        return {
            f"{code.co_filename.removeprefix(_PACKAGE)}: {code.co_qualname}"
            for code in self._seen
            if not code.co_name.startswith("<")
        }

    @property
    def modules(self) -> list[str]:
        """The modules."""
        return sorted({name.partition(":")[0] for name in self.functions})


class LossySession:
    """A driver session that loses the answer to a batch when `loses` is set."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.loses = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def execute_batch(self, batch: Any) -> Any:
        """Send a batch."""
        result = await self._real.execute_batch(batch)
        if self.loses:
            self.loses = False
            raise CassErrorServerWriteTimeout("Write timeout: the answer was thrown away")
        return result


async def journeys(keyspace: str, owner: EventStore) -> dict[str, Journey]:
    """Return the journeys of a few calls, on a store whose statements are prepared."""
    session = LossySession(owner._engine.session.raw)  # noqa: SLF001 - a door for tools and tests
    found = {}
    async with EventStore(session, keyspace=keyspace) as store:
        stream_id = uuid4()
        await store.persist_events(stream_id, [{"n": 1}], 0)
        await store.persist_events(stream_id, [{"n": 2}])
        async for _ in store.read_events(stream_id):
            pass
        with Journey() as found["append"]:
            await store.persist_events(stream_id, [{"n": 3}], 2)
        with Journey() as found["append, ANY"]:
            await store.persist_events(stream_id, [{"n": 4}])
        session.loses = True
        with Journey() as found["append, one lost answer"]:
            await store.persist_events(stream_id, [{"n": 5}], 4)
        with Journey() as found["append, conflict"]:
            await store.try_persist_events(stream_id, [{"n": 6}], 1)
        with Journey() as found["read"]:
            async for _ in store.read_events(stream_id):
                pass
    return found


@asynccontextmanager
async def _contact() -> AsyncGenerator[tuple[str | list[str], int], None]:
    given = existing_cluster()
    if given is not None:
        yield given.contact_points, given.port
    else:
        async with EmbeddedCassandra() as cassandra:
            yield cassandra.contact_points, cassandra.port


async def main() -> None:
    """Print a line for each journey."""
    keyspace = f"journeys_{uuid4().hex[:12]}"
    async with _contact() as (points, port):  # noqa: SIM117 - the second needs what the first gives
        async with EventStore.connect(points, port=port, keyspace=keyspace) as owner:
            await owner.create_schema({"datacenter1": 1})
            found = await journeys(keyspace, owner)
            await owner.operations.run_ddl(f"DROP KEYSPACE {keyspace}")
    for name, journey in found.items():
        modules, functions = len(journey.modules), len(journey.functions)
        print(f"{name:24} {modules:3} modules {functions:4} functions")
        if "--modules" in sys.argv:
            print("".join(f"    {module}\n" for module in journey.modules))


if __name__ == "__main__":
    asyncio.run(main())
