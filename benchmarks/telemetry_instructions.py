"""
How many instructions an append and a read take: ``python -m benchmarks.telemetry_instructions``.

Valgrind counts them, so the load of the machine does not matter. The store is the one on Cassandra,
over a session that answers at once. The cost of one append, or of one event read, is the difference
of two runs divided by the difference of their counts. ``--against DIRECTORY`` adds a checkout
without any hook code.
"""

import argparse
import asyncio
import gc
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

FEW, MANY = 100, 1100
EVENT = {"type": "deposited", "amount": 50}


class Row(tuple[Any, ...]):
    """A row as the driver gives it."""

    __slots__ = ()

    def as_tuple(self) -> tuple[Any, ...]:
        """Return it."""
        return self


class Verdict(Row):
    """The answer to a batch as the driver gives it."""

    __slots__ = ()

    def as_tuple(self) -> tuple[Any, ...]:
        """Return that it was applied."""
        return (True,)

    def __getitem__(self, _: Any) -> Any:
        """Return that it was applied, to older commits."""
        return True


class Result:
    """A result as the driver gives it."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def first(self) -> Verdict:
        """Return the answer to a batch."""
        return Verdict()

    def columns_names(self) -> list[str]:
        """Return the columns of the answer to a batch."""
        return ["[applied]"]

    def has_more_pages(self) -> bool:
        """Return that there are no more pages."""
        return False

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)


class Canned:
    """A session that answers in the next iteration of the event loop."""

    def __init__(self, count: int) -> None:
        columns = (b"[1]", 0, str(uuid4()), None, "application/json", None, count)
        self._page = Result([Row((version, *columns)) for version in range(1, count + 1)])
        self._applied = Result([Row((True,))])

    async def execute_batch(self, batch: Any) -> Result:
        """Store nothing."""
        del batch
        await asyncio.sleep(0)
        return self._applied

    async def execute(self, statement: Any) -> Result:
        """Return the page."""
        del statement
        await asyncio.sleep(0)
        return self._page


async def work(kind: str, count: int) -> None:
    """Append or read *count* events."""
    from event_store_async import EventStore
    from event_store_async.cassandra.driver import port, session
    from event_store_async.cassandra.schema.statements import AppendStatements

    made: Any = session
    port_of_driver: Any = port
    port_of_driver._as_tuple = Row.as_tuple  # noqa: SLF001
    made.writing = made.reading = lambda *_, **__: None
    raw: Any = Canned(count)
    store: Any = EventStore(raw, keyspace="bank")
    statements = store._engine.statements if hasattr(store, "_engine") else store._statements  # noqa: SLF001
    prepared: Any = object()
    statements.ready = AppendStatements(prepared, prepared, prepared, prepared)
    statements._prepared = {"read_forward": prepared}  # noqa: SLF001
    stream_id = UUID(int=7)
    gc.disable()  # a full collection in only one of the runs would hide the difference
    if kind == "append":
        for version in range(count):
            await store.persist_events(stream_id, [EVENT], version)
    else:
        async for _ in store.read_events(stream_id):
            pass


def instructions(kind: str, count: int, package: Path | None) -> int:
    """Return how many instructions a process takes for *count* events."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    if package is not None:
        environment["PYTHONPATH"] = str(package)
    done = subprocess.run(
        [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            sys.executable,
            __file__,
            kind,
            str(count),
        ],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])


def each(kind: str, package: Path | None) -> float:
    """Return how many instructions one more event takes."""
    many, few = (instructions(kind, count, package) for count in (MANY, FEW))
    return (many - few) / (MANY - FEW)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telemetry_instructions")
    parser.add_argument("--against", type=Path, help="a checkout without hook code")
    given = parser.parse_args()
    for kind in ("append", "read"):
        now = each(kind, None)
        print(f"{kind}: {now:,.0f} instructions with hooks=()", flush=True)
        if given.against is not None:
            before = each(kind, given.against)
            print(f"{kind}: {before:,.0f} without hook code: {now / before - 1:+.2%}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2].isdigit():
        asyncio.run(work(sys.argv[1], int(sys.argv[2])))
    else:
        main()
