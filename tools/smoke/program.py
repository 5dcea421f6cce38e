"""The smoke program, which runs in an environment that contains only the package."""

import asyncio
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import event_store_async
from event_store_async import ConcurrentModification, EventStore, MemoryEventStore
from event_store_async.cassandra.schema.tables import StoreTables
from event_store_async.cql_files import cql_root, numbered_files


def check(what: str, holds: bool) -> None:
    """Exit if something does not hold; unlike assert, also with -O."""
    if not holds:
        sys.exit(f"check failed: {what}")


async def main() -> None:
    """Append, read and cause a conflict, and check that all files are shipped."""
    stream = uuid4()
    async with MemoryEventStore() as store:
        await store.persist_events(stream, [{"n": 1}, {"n": 2}])
        try:
            await store.persist_events(stream, [{"n": 3}], expected_version=1)
        except ConcurrentModification as conflict:
            check("a conflict has the stream's version", conflict.actual_version == 2)
        else:
            check("a wrong version causes a conflict", False)
        payloads = [event.payload["n"] async for event in store.read_events(stream)]

    check("events are read as appended", payloads == [1, 2])
    check("types are shipped", (files("event_store_async") / "py.typed").is_file())
    root, tables = Path(str(cql_root())), StoreTables("k", "t")
    statements = sorted((root / "statements").rglob("*.cql"))
    for entry in statements:
        tables.statement(entry.relative_to(root).with_suffix("").as_posix())
    check("migrations are shipped", numbered_files("migrations")[0] == (1, "0001_event_identity"))
    check("the driver is installed", callable(EventStore.connect))
    check("the versions agree", event_store_async.__version__ == version("event_store_async"))
    home = Path(event_store_async.__file__).parent
    print(f"{sys.version.split()[0]}: {home}, {len(statements)} statements")


asyncio.run(main())
