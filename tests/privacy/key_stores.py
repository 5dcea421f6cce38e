"""Key stores for tests: one that counts its calls, waits and fails when it is told to."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from event_store_async.ports import KeyStore
from event_store_async.privacy import ForgottenSubject, MemoryKeyStore, SubjectKey


class WatchedKeys(KeyStore):
    """
    Keys in memory whose calls are counted.

    Attributes:
        calls: The calls: the name of each method with its subjects.
        failure: What the next calls raise; None for nothing.
        gate: The next calls wait until it is set.
    """

    def __init__(self, keys: MemoryKeyStore | None = None) -> None:
        self.keys = keys or MemoryKeyStore()
        self.calls: list[tuple[str, list[str]]] = []
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, subjects: Iterable[str]) -> Mapping[str, SubjectKey | ForgottenSubject]:
        wanted = await self._called("get", subjects)
        found = await self.keys.get(wanted)
        await self.gate.wait()
        return found

    async def key_for(
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        wanted = await self._called("key_for", subjects)
        found = await self.keys.key_for(wanted, renew=renew)
        await self.gate.wait()
        return found

    async def forget(self, subject: str) -> ForgottenSubject:
        await self._called("forget", [subject])
        return await self.keys.forget(subject)

    async def _called(self, name: str, subjects: Iterable[Any]) -> list[Any]:
        wanted = list(subjects)
        self.calls.append((name, wanted))
        if self.failure is not None:
            raise self.failure
        return wanted

    def names(self) -> list[str]:
        """Return the names of the calls since the last time, and forget them."""
        found = [name for name, _ in self.calls]
        self.calls.clear()
        return found


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
