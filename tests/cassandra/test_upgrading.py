"""Upgrading while older releases append: they know nothing of the new tables, and go on."""

import asyncio
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Final
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, SchemaMissing
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Reducer,
    Repository,
)

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql

ROOT: Final = Path(__file__).parents[2]
WITHOUT_SNAPSHOTS: Final = "a726f1075f12f95c33c732989a43c2e03589e882"
"""The last commit of the main branch before there were feeds and stored snapshots."""

KIND: Final = "total/1"
TOTAL: Final = Reducer[int, int](0, lambda total, amount: total + amount)

PROGRAM: Final = """
    import asyncio, sys
    from uuid import UUID, uuid4
    import event_store_async
    from event_store_async import EventStore

    async def main():
        host, port, datacenter, keyspace, stream, folder = sys.argv[1:]
        assert event_store_async.__file__.startswith(folder), event_store_async.__file__
        assert not hasattr(event_store_async, "SnapshotStore")
        stop = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
        shared, own, count = UUID(stream), uuid4(), 0
        async with EventStore.connect(
            host, port=int(port), keyspace=keyspace, local_datacenter=datacenter
        ) as store:
            await store.create_schema({datacenter: 1})
            while not stop.done():
                assert (await store.persist_events(own, ["own"], count)).version == count + 1
                count += 1
                if count % 5 == 0:  # rarely: programs that compete for one stream are slow
                    await store.persist_events(shared, [1])
                    events = [event async for event in store.read_events(shared)]
                    assert [event.version for event in events] == list(range(1, len(events) + 1))
                print(count, flush=True)
            assert await store.current_version(own) == count

    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the library as it was before there were stored snapshots."""
    done = subprocess.run(
        ["git", "archive", "--format=zip", WITHOUT_SNAPSHOTS, "event_store_async", "cql"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {WITHOUT_SNAPSHOTS[:7]}")
    folder = tmp_path_factory.mktemp("older")
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder)
    return folder


class OlderProgram:
    """
    A program of the older release that appends until it is told to stop.

    Attributes:
        count: How many events it has appended to a stream of its own. To the one that it shares
            it has appended a fifth of that.
        ended: Whether it has ended.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading = asyncio.ensure_future(self._read())
        self._news = asyncio.Condition()
        self.count = 0
        self.ended = False

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._news:
                self.count = int(line)
                self._news.notify_all()
        async with self._news:
            self.ended = True
            self._news.notify_all()

    async def goes_on(self, events: int = 15) -> None:
        """Wait until it has appended so many more events."""
        wanted = self.count + events
        async with asyncio.timeout(120), self._news:
            await self._news.wait_for(lambda: self.count >= wanted or self.ended)
        assert self.count >= wanted, await self.stop()

    async def stop(self) -> str:
        """Tell it to stop, and return what it wrote about errors."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        async with asyncio.timeout(120):
            errors = await self._process.stderr.read()
            await self._reading
            await self._process.wait()
        return errors.decode()


@asynccontextmanager
async def running(
    server: Server, keyspace: str, stream_id: UUID, folder: Path
) -> AsyncGenerator[OlderProgram, None]:
    """Run a program of the older release; it must end without an error."""
    ((datacenter, _),) = server.replication.items()
    arguments = (server.contact_points[0], server.port, datacenter, keyspace, stream_id, folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", dedent(PROGRAM), *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
    )
    program = OlderProgram(process)
    try:
        yield program
        errors = await program.stop()
        assert (process.returncode, errors) == (0, "")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def keyspace(server: Server) -> AsyncGenerator[str, None]:
    """Give the name of a keyspace of the test's own, which does not exist yet."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    async with server.connect(name) as store:
        await drop_keyspace(store, name)


def repository(store: EventStore) -> Repository[int, int]:
    return Repository(store, TOTAL, snapshots=store.snapshots, kind=KIND, every=10)


async def command(store: EventStore, stream_id: UUID) -> None:
    handler = CommandHandler(repository(store), store)
    while not isinstance(await handler.handle(Command(stream_id, lambda _: [1])), CommandHandled):
        pass


async def test_an_older_release_appends_before_during_and_after_snapshots_get_their_table(
    server: Server, keyspace: str, stream_id: UUID, older: Path
) -> None:
    async with running(server, keyspace, stream_id, older) as old:
        await old.goes_on()
        async with server.connect(keyspace) as new:
            # Before: the new release works as well, without snapshots.
            await command(new, stream_id)
            with pytest.raises(SchemaMissing, match="events_snapshots"):
                await new.snapshots.load(stream_id, KIND)
            await old.goes_on()

            report, appended = await new.create_schema(), 0
            while not appended:  # until an append comes during the migration
                await run_cql(new, f"DROP TABLE {keyspace}.events_snapshots")
                before = old.count
                report = await new.create_schema()
                appended = old.count - before
            await old.goes_on()

            # After: snapshots of what both releases append.
            for _ in range(12):
                await command(new, stream_id)
            await old.goes_on()
            loaded = await new.snapshots.load(stream_id, KIND)

    async with running(server, keyspace, stream_id, older) as started_later:
        await started_later.goes_on()
    async with server.connect(keyspace) as new:
        await command(new, stream_id)
        whole = await Repository(new, TOTAL).load(stream_id)
        found = await repository(new).load(stream_id)
        state = await new.schema_state()

    assert [(each.table, each.created) for each in report.tables] == [
        (f"{keyspace}.events", False),
        (f"{keyspace}.events_snapshots", True),
    ]
    assert (report.migrations, report.additions) == ((), ())
    assert loaded is not None
    assert loaded.aggregate == loaded.version >= 10
    assert whole.aggregate == whole.version
    assert found == whole
    assert state.is_current
