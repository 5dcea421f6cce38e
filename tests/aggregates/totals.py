"""A store with hooks for tests of stored snapshots, and the aggregate of these tests: a total."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from event_store_async import MemoryEventStore, NewEvent
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Reducer,
    Repository,
    StoredSnapshot,
)
from event_store_async.hooks import SnapshotEnded

from .bank import SpyStore, policy

KIND = "total/1"
EVERY = 10
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

Total = dict[str, int]

TOTAL = Reducer[Total, int](
    {"sum": 0, "count": 0},
    lambda total, amount: {"sum": total["sum"] + amount, "count": total["count"] + 1},
)


@dataclass
class Bank:
    """A store with hooks, and what is opened on it."""

    memory: MemoryEventStore
    store: SpyStore
    records: list[SnapshotEnded]

    def repository(self, snapshots: Any = None, **options: Any) -> Repository[Total, int]:
        options = {"kind": KIND, "every": EVERY, **options}
        return Repository(
            self.store, TOTAL, snapshots=snapshots or self.memory.snapshots, **options
        )

    def handler(self, **options: Any) -> CommandHandler[Total, int]:
        return CommandHandler(self.repository(**options), self.store, retry=policy())

    async def saved(self) -> None:
        """Wait until nothing waits to be saved."""
        while self.memory._snapshot_saves._running:
            await asyncio.sleep(0)

    def outcomes(self, operation: str) -> list[str]:
        return [it.outcome for it in self.records if it.operation == operation]


class WithHead(SpyStore):
    """A store that may be asked for the version of a stream, and counts that."""

    def __init__(self, store: MemoryEventStore) -> None:
        super().__init__(store)
        self.asked: list[bool] = []

    async def current_version(self, stream_id: UUID, *, serial: bool = False, **_: Any) -> int:
        self.asked.append(serial)
        return await self.store.current_version(stream_id)


def add(account: UUID, amount: int = 1, **options: Any) -> Command[Total, int]:
    return Command(account, lambda _: [amount], **options)


def total(count: int) -> Total:
    return {"sum": count, "count": count}


async def lying(bank: Bank, account: UUID, **changes: Any) -> None:
    """Store 25 events, and a snapshot at 20 with something wrong in it."""
    done = await bank.memory.persist_events(account, [NewEvent(1) for _ in range(25)])
    at = done.events[19]
    facts: dict[str, Any] = {
        "aggregate": total(20),
        "version": 20,
        "timestamp": at.timestamp,
        "recent": (at.event_id,),
    }
    await bank.memory.snapshots.save(account, KIND, StoredSnapshot(**(facts | changes)))
    bank.records.clear()


class Broken:
    """Stored snapshots that fail, each call in a way of its own."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def load(self, *_: Any) -> None:
        raise self.error

    async def save(self, *_: Any) -> None:
        raise self.error

    async def reject(self, *_: Any) -> None:
        raise self.error

    async def forget(self, *_: Any) -> None:
        raise self.error

    def save_soon(self, *_: Any) -> None:
        pass


class Blocked(Broken):
    """Snapshots of a store in memory whose saves wait until they may go on."""

    def __init__(self, memory: MemoryEventStore) -> None:
        super().__init__(RuntimeError())
        self.go = asyncio.Event()
        self.rows = memory._table.snapshot_rows
        self.write = self.rows.write
        self.rows.write = self._write  # type: ignore[assignment, method-assign]
        self.writing = 0

    async def _write(self, *arguments: Any) -> bool:
        self.writing += 1
        await self.go.wait()
        return await self.write(*arguments)
