"""What the tests of stored snapshots share."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest

from ...ports import SnapshotStore
from ...snapshot import StoredSnapshot
from .base import ContractBase

KIND: Final = "account/1"
MOMENT: Final = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def snapshot(version: int, balance: int = 7) -> StoredSnapshot[Any]:
    """Return a snapshot as a repository saves it."""
    return StoredSnapshot({"balance": balance}, version, MOMENT, (uuid4(), uuid4()))


class SnapshotBase(ContractBase):
    """Gives the stored snapshots that are tested."""

    @pytest.fixture
    def snapshots(self, store: Any) -> SnapshotStore:
        """Return what is tested."""
        kept: SnapshotStore = store.snapshots
        return kept
