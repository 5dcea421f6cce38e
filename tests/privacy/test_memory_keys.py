"""Keys in memory, on the contract of every key store."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async.errors import InvalidArgument, StoreClosed
from event_store_async.privacy import MemoryKeyStore
from event_store_async.testing.contract import KeyStoreContract


class TestMemoryKeyStore(KeyStoreContract):
    @pytest.fixture
    def keys(self) -> MemoryKeyStore:
        return MemoryKeyStore()

    async def reopened(self, keys: MemoryKeyStore) -> MemoryKeyStore:
        return keys.reopened()


async def test_time_and_ids_are_arguments() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678999, UTC)
    keys = MemoryKeyStore(clock=lambda: moment, new_key_id=lambda: UUID(int=7))

    assert (await keys.key_for(["a"]))["a"].id == UUID(int=7)
    assert (await keys.forget("a")).forgotten_at == moment.replace(microsecond=678000)


@pytest.mark.parametrize("name", ["clock", "new_key_id"])
def test_what_cannot_be_called_is_refused(name: str) -> None:
    options: dict[str, Any] = {name: 7}
    with pytest.raises(InvalidArgument):
        MemoryKeyStore(**options)


async def test_it_closes_at_the_end_of_its_context() -> None:
    async with MemoryKeyStore() as keys:
        await keys.key_for(["a"])
    with pytest.raises(StoreClosed):
        await keys.get(["a"])
