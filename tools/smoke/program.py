"""The smoke program: run by the Python of an environment that has the package and nothing else."""

import asyncio
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import event_store_async
from event_store_async import ConcurrentModification, EventStore, MemoryEventStore
from event_store_async.cql_files import cql_root, load_statements, numbered_files


def check(what: str, holds: bool) -> None:
    """End the program where something does not hold; unlike assert, under -O too."""
    if not holds:
        sys.exit(f"not so: {what}")


async def main() -> None:
    """Append and read, meet a conflict, and find what has to be shipped."""
    stream = uuid4()
    async with MemoryEventStore() as store:
        await store.persist_events(stream, [{"n": 1}, {"n": 2}])
        try:
            await store.persist_events(stream, [{"n": 3}], expected_version=1)
        except ConcurrentModification as conflict:
            check("a conflict tells where the stream is", conflict.actual_version == 2)
        else:
            check("there is a conflict", False)
        payloads = [event.payload["n"] async for event in store.read_events(stream)]

    check("what was appended is read", payloads == [1, 2])
    check("types are shipped", (files("event_store_async") / "py.typed").is_file())
    statements = [entry.name for entry in (cql_root() / "statements").iterdir()]
    for name in statements:
        load_statements(f"statements/{name.removesuffix('.cql')}", keyspace="k", table="t")
    check("migrations are shipped", numbered_files("migrations") == [(1, "0001_event_identity")])
    check("the driver is there", callable(EventStore.connect))
    check("it is one version", event_store_async.__version__ == version("event_store_async"))
    home = Path(event_store_async.__file__).parent
    print(f"{sys.version.split()[0]}: {home}, {len(statements)} statements")


asyncio.run(main())
